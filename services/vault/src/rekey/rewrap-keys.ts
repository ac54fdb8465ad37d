import { storeWrapping } from '../audit/key-events.ts';
import { type KeyManagement, KeyManagementError } from '../kms/key-management.ts';
import { type MerchantKeys, NO_MERCHANT_KEYS } from '../kms/merchant-keys.ts';
import { findKeysWrappedByOthers } from '../storage/data-keys.ts';
import type { Vault } from '../vault.ts';

const BATCH = 20;
/** Refused keys of a batch, after which the rest is for a later call: each costs a call to KMS. */
const MOST_REFUSED = 3;

/**
 * Puts data keys that another KMS key wraps under the one that is bound now, those of a merchant with a KMS key of its own
 * under that. The keys themselves stay the same, and are not seen by us meanwhile: KMS does it in itself.
 *
 * @returns how many it has put, and what KMS said of one that it does not let us put (its KMS key is gone, or withheld),
 *   which holds up no other; fewer than it could when the rest is for a later call
 * @throws {KeyManagementError} when KMS does not answer; what was done stays done
 */
export async function rewrapKeys(
  vault: Pick<Vault, 'vaultId' | 'database' | 'commit' | 'now'>,
  options: { kms: KeyManagement; keyArn: string; merchantKeys?: MerchantKeys },
): Promise<{ done: number; refused: KeyManagementError | undefined }> {
  const { vaultId } = vault;
  const { kms, keyArn: ofVault, merchantKeys = NO_MERCHANT_KEYS } = options;
  const keys = await findKeysWrappedByOthers(
    vault.database,
    { keyArn: ofVault, own: merchantKeys.all() },
    BATCH,
  );
  const refused: KeyManagementError[] = [];
  let done = 0;
  for (const key of keys) {
    const context = { vaultId, merchant: key.merchant, purpose: key.purpose };
    const keyArn = merchantKeys.of(key.merchant)?.keyArn ?? ofVault;
    try {
      const wrapped = await kms.rewrap({ from: key.kmsKeyArn, to: keyArn }, key.wrapped, context);
      await storeWrapping(vault, key, { kmsKeyArn: keyArn, wrapped });
      done++;
    } catch (error) {
      if (!(error instanceof KeyManagementError) || error.failure !== 'refused') throw error;
      if (refused.push(error) === MOST_REFUSED) break;
    }
  }
  return { done, refused: refused[0] };
}
