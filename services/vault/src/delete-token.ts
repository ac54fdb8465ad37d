import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from './audit-entry.ts';
import { eraseTokens } from './erase-tokens.ts';
import { lockCards } from './storage/cards.ts';
import { findToken, lockToken } from './storage/tokens.ts';
import { eventCardOf } from './token-answer.ts';
import type { Requester, Vault } from './vault.ts';

/**
 * Erases a token's card for good, and says so in the audit and in an event.
 *
 * @throws {ProblemError} token_not_found, database_unavailable
 */
export async function deleteToken(vault: Vault, by: Requester, token: string): Promise<void> {
  await vault.commit(async (unit) => {
    const { transaction } = unit;
    // The card before the token, as tokenize does: two requests that lock in different orders would deadlock.
    const seen = await findToken(transaction, by.merchant, token);
    if (seen) await lockCards(transaction, [seen.cardId]);
    const stored = await lockToken(transaction, by.merchant, token);
    if (!stored) throw new ProblemError('token_not_found');

    const time = vault.now();
    await eraseTokens(unit, [stored], time);
    unit.audit(auditEntry('token.deleted', by, token, time, { recordVersion: stored.recordVersion }));
    unit.publish({
      type: 'token.deleted',
      merchant: by.merchant,
      subject: token,
      time,
      data: { card: eventCardOf(stored) },
    });
  });
}
