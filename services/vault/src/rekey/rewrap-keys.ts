import type { Database } from '@cofferdam/runtime';
import type { KeyManagement } from '../kms/key-management.ts';
import { findKeysWrappedByOthers, replaceWrapping } from '../storage/data-keys.ts';

const BATCH = 20;

/**
 * Puts data keys that another KMS key wraps under the one that is bound now. The keys themselves stay the same, and
 * are not seen by us meanwhile: KMS does it in itself.
 *
 * @returns how many it has put; fewer than it could when the rest is for a later call
 * @throws {KeyManagementError} when KMS does not let us, or does not answer; what was done stays done
 */
export async function rewrapKeys(options: {
  database: Database;
  kms: KeyManagement;
  vaultId: string;
  keyArn: string;
}): Promise<number> {
  const { database, kms, vaultId, keyArn } = options;
  const keys = await findKeysWrappedByOthers(database, keyArn, BATCH);
  for (const key of keys) {
    const context = { vaultId, merchant: key.merchant, purpose: key.purpose };
    const wrapped = await kms.rewrap({ from: key.kmsKeyArn, to: keyArn }, key.wrapped, context);
    await replaceWrapping(database, key, { kmsKeyArn: keyArn, wrapped });
  }
  return keys.length;
}
