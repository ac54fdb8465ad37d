import { forgetSubjects, type Transaction } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import type { KeyManagement } from '../kms/key-management.ts';
import { ownIdentity } from '../rekey/own-identity.ts';
import { deleteInquiries } from '../storage/card-inquiries.ts';
import { deleteUpdatesOf } from '../storage/credential-imports.ts';
import { deleteCustomersOf } from '../storage/customers.ts';
import { deleteRecords } from '../storage/records.ts';
import {
  advanceShredding,
  deleteAnswersAndGrants,
  deleteCards,
  destroyKeys,
  findRecentShreddings,
  holdShreddedCards,
  holdTokensOfCards,
  noteOwnKey,
  type StoredShredding,
  takeShredding,
} from '../storage/shreddings.ts';
import { deleteVersions } from '../storage/token-versions.ts';
import { emptyTokens } from '../storage/tokens.ts';
import type { Vault } from '../vault.ts';
import { ownKeyWatch } from './own-keys.ts';
import { completionOf } from './shred-merchant.ts';

export interface Shreddings {
  /** About a second's worth of it; called again and again, by every replica. */
  step(): Promise<void>;
  /** Likewise, of merchants that had a KMS key of their own. */
  seeOwnKeys(): Promise<void>;
}

const BATCH = 200;
/** Requests come first. */
const BATCHES_A_STEP = 10;
/** A replica that was away for less has keys of before in memory. */
const REMEMBERED_MS = 2 * 86_400_000;
/** Requests are refused from the moment that all replicas know; what a slower one wrote is not older than that. */
const STRAGGLERS_MS = 60_000;

/**
 * What follows when a merchant is to be shredded: each replica drops its keys from memory, one destroys them when it is
 * time, and what was derived from the cards is erased bit by bit.
 */
export function createShreddings(vault: Vault, kms: KeyManagement): Shreddings {
  const dropped = new Set<string>();
  return {
    seeOwnKeys: ownKeyWatch(vault, kms),
    async step() {
      const now = vault.now();
      const recent = await findRecentShreddings(vault.database, new Date(now.getTime() - REMEMBERED_MS));
      for (const one of recent) {
        const { shredding, merchant, destroyedAt, effectiveAt } = one;
        // Again and again until the keys are gone: a key may have been on its way from KMS.
        if (!destroyedAt || !dropped.has(shredding)) vault.keys.forget(merchant);
        if (destroyedAt) dropped.add(shredding);
        else if (effectiveAt <= now) await destroy(vault, one);
      }
      if (dropped.size > 1000) dropped.clear();
      if (!recent.some(({ destroyedAt, erasedAt }) => destroyedAt && !erasedAt)) return;
      for (let i = 0; i < BATCHES_A_STEP; i++) if (!(await erase(vault))) return;
    },
  };
}

async function destroy(vault: Vault, one: StoredShredding): Promise<void> {
  const { shredding, merchant } = one;
  await vault.commit(async ({ transaction, audit, publish }) => {
    const now = vault.now();
    const completeAt = completionOf(vault, now);
    const keysDestroyed = await destroyKeys(transaction, one, { now, completeAt });
    if (keysDestroyed === undefined) return;
    const own = vault.merchantKeys.of(merchant);
    if (own) {
      const { keyArn } = own;
      const retentionMs = vault.backupRetentionMs;
      await noteOwnKey(transaction, one, { keyArn, destroyedAt: now, retentionMs });
    }
    const data = { shredding, keysDestroyed, completeAt: completeAt.toISOString() };
    audit(auditEntry('merchant.shredded', { ...ownIdentity(vault.vaultId), merchant }, '', now, data));
    publish({ type: 'merchant.shredded', merchant, subject: shredding, time: now, data });
  });
  vault.keys.forget(merchant);
}

/** @returns whether there may be more */
async function erase(vault: Vault): Promise<boolean> {
  return vault.commit(async ({ transaction, audit }) => {
    const one = await takeShredding(transaction);
    if (!one) return false;
    const { shredding, merchant } = one;
    const now = vault.now();
    const until = new Date(one.requestedAt.getTime() + STRAGGLERS_MS);
    // Whose cards they were goes before the cards.
    if ((await deleteCustomersOf(transaction, merchant, { until, limit: BATCH })) > 0) return true;
    const cards = await holdShreddedCards(transaction, one, BATCH);
    const last = cards.at(-1);
    if (last) {
      const erased = await eraseCards(
        transaction,
        merchant,
        cards.map(({ cardId }) => cardId),
        now,
      );
      const tokensErased = one.tokensErased + erased;
      await advanceShredding(transaction, shredding, { afterFingerprint: last.fingerprint, tokensErased });
      return true;
    }
    if ((await deleteAnswersAndGrants(transaction, merchant, { until, limit: 10 * BATCH })) > 0) return true;
    if ((await deleteUpdatesOf(transaction, merchant, { until, limit: 10 * BATCH })) > 0) return true;
    await advanceShredding(transaction, shredding, { ...one, erasedAt: now });
    const { tokensErased } = one;
    const by = { ...ownIdentity(vault.vaultId), merchant };
    audit(auditEntry('merchant.erased', by, '', now, { shredding, tokensErased }));
    return true;
  });
}

/** Leaves the names of the tokens, so that they are never given out again, and the audit. */
async function eraseCards(
  transaction: Transaction,
  merchant: string,
  cardIds: readonly string[],
  now: Date,
): Promise<number> {
  const tokens = await holdTokensOfCards(transaction, merchant, cardIds);
  await deleteRecords(transaction, tokens);
  await deleteVersions(transaction, tokens);
  await deleteInquiries(transaction, tokens);
  await emptyTokens(transaction, tokens, now);
  // One event says it of all of them.
  await forgetSubjects(transaction, tokens);
  await deleteCards(transaction, merchant, cardIds);
  return tokens.length;
}
