import { auditEntry } from '../audit-entry.ts';
import type { Commit } from '../commit.ts';
import { ownIdentity } from '../rekey/own-identity.ts';
import { insertKey, replaceWrapping, type WrappedKey } from '../storage/data-keys.ts';

interface Around {
  vaultId: string;
  commit: Commit;
  now: () => Date;
}

/** Puts a new data key into the database together with its entry. @returns false when another replica was first */
export function storeKey({ vaultId, commit, now }: Around, key: WrappedKey): Promise<boolean> {
  const { merchant, purpose, version, generation, kmsKeyArn } = key;
  return commit(async ({ transaction, audit }) => {
    if (!(await insertKey(transaction, key))) return false;
    const by = { ...ownIdentity(vaultId), merchant };
    audit(auditEntry('data_key.created', by, '', now(), { purpose, version, generation, kmsKeyArn }));
    return true;
  });
}

/** Puts a data key under another KMS key together with its entry, unless another replica has done so. */
export async function storeWrapping(
  { vaultId, commit, now }: Around,
  key: WrappedKey,
  wrapping: { kmsKeyArn: string; wrapped: Buffer },
): Promise<void> {
  const { merchant, purpose, version, kmsKeyArn: before } = key;
  await commit(async ({ transaction, audit }) => {
    if (!(await replaceWrapping(transaction, key, { ...wrapping, at: now() }))) return;
    const by = { ...ownIdentity(vaultId), merchant };
    const { kmsKeyArn } = wrapping;
    audit(auditEntry('data_key.rewrapped', by, '', now(), { purpose, version, kmsKeyArn, before }));
  });
}
