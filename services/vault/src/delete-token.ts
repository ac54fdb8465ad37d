import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from './audit-entry.ts';
import { settleByKey, type UnitOfWork } from './commit.ts';
import { eraseTokens } from './erase-tokens.ts';
import { lockCards } from './storage/cards.ts';
import { findCardOf, lockUnerased, type StoredToken } from './storage/tokens.ts';
import { eventCardOf } from './token-answer.ts';
import type { Requester, Vault } from './vault.ts';

/**
 * Erases a token's card for good, and says so in the audit and in an event. A token that is erased already is left as it
 * is: the merchant that it was of gets what he asked for, however often he asks.
 *
 * @throws {ProblemError} token_not_found, database_unavailable
 */
export async function deleteToken(vault: Vault, by: Requester, token: string): Promise<void> {
  // The token is the key: whether a lost transaction was committed can be seen of its row.
  await settleByKey(() =>
    vault.commit(async (unit) => {
      const { transaction } = unit;
      const found = await findCardOf(transaction, by.merchant, token);
      if (!found) throw new ProblemError('token_not_found');
      if (found.cardId === null) return;
      // The card before the token, as tokenize does: two requests that lock in different orders would deadlock.
      await lockCards(transaction, [found.cardId]);
      await deleteTokens(unit, by, { tokens: await lockUnerased(transaction, [token]), now: vault.now() });
    }),
  );
}

/** Erases tokens on behalf of somebody. @param tokens locked, and their cards before them */
export async function deleteTokens(
  unit: UnitOfWork,
  by: Requester,
  { tokens, now }: { tokens: readonly StoredToken[]; now: Date },
): Promise<void> {
  if (tokens.length === 0) return;
  await eraseTokens(unit, tokens, { reason: 'token_deleted', now, byFor: () => by });
  for (const stored of tokens) {
    const { token, recordVersion } = stored;
    unit.audit(auditEntry('token.deleted', by, token, now, { recordVersion }));
    const data = { card: eventCardOf(stored) };
    unit.publish({ type: 'token.deleted', merchant: by.merchant, subject: token, time: now, data });
  }
}
