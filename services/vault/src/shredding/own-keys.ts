import type { WithheldKey } from '@cofferdam/contracts';
import { auditEntry } from '../audit-entry.ts';
import { type KeyManagement, KeyManagementError } from '../kms/key-management.ts';
import { ownIdentity } from '../rekey/own-identity.ts';
import { findOwnKeysToSee, noteKeySeen, noteWithheld, type StoredShredding } from '../storage/shreddings.ts';
import type { Vault } from '../vault.ts';

const EVERY_MS = 60_000;
const AT_ONCE = 5;

/** By the names of AWS KMS's errors. */
const REASONS: Readonly<Record<string, WithheldKey>> = {
  DisabledException: 'disabled',
  KMSInvalidStateException: 'pending_deletion',
  NotFoundException: 'destroyed',
};

/**
 * Of merchants that were shredded and had a KMS key of their own: whether KMS still lets us use it. Once their data keys
 * are destroyed here, backups hold the only ones, and whoever holds that KMS key decides whether they open.
 *
 * @returns to be called again and again, by every replica
 */
export function ownKeyWatch(vault: Vault, kms: KeyManagement): () => Promise<void> {
  let restUntil = 0;
  return async () => {
    const now = vault.now();
    if (now.getTime() < restUntil) return;
    const seenBefore = new Date(now.getTime() - EVERY_MS);
    for (const one of await findOwnKeysToSee(vault.database, { now, seenBefore, limit: AT_ONCE })) {
      const seen = await see(vault, kms, one);
      if (seen === undefined) {
        // Without an answer what was seen last stands.
        restUntil = now.getTime() + EVERY_MS;
        return;
      }
      await note(vault, one, seen.withheld);
    }
  };
}

async function note(vault: Vault, one: StoredShredding, withheld: WithheldKey | undefined): Promise<void> {
  const { shredding, merchant, ownKeyArn: keyArn } = one;
  const now = vault.now();
  if (one.withheld === withheld) return noteKeySeen(vault.database, shredding, now);
  await vault.commit(async ({ transaction, audit }) => {
    if (!(await noteWithheld(transaction, shredding, { withheld, now }))) return;
    const by = { ...ownIdentity(vault.vaultId), merchant };
    const action = withheld === undefined ? 'merchant.key_given_back' : 'merchant.key_withheld';
    audit(auditEntry(action, by, '', now, { shredding, keyArn, ...(withheld ? { withheld } : {}) }));
  });
}

/** @returns undefined when KMS does not answer */
async function see(
  vault: Vault,
  kms: KeyManagement,
  { ownKeyArn, merchant }: { ownKeyArn: string; merchant: string },
): Promise<{ withheld: WithheldKey | undefined } | undefined> {
  try {
    const context = { vaultId: vault.vaultId, merchant, purpose: 'probe' };
    const { plaintext } = await kms.generateDataKey(ownKeyArn, context);
    plaintext.fill(0);
    return { withheld: undefined };
  } catch (error) {
    if (!(error instanceof KeyManagementError)) throw error;
    if (error.failure === 'unreachable') return undefined;
    const name = error.cause instanceof Error ? error.cause.name : '';
    return { withheld: REASONS[name] ?? 'not_granted' };
  }
}
