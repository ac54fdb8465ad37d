import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from './audit-entry.ts';
import { deleteCardIfUnused, lockCardById } from './storage/cards.ts';
import { emptyAnswersOf } from './storage/idempotency-keys.ts';
import { deleteRecords } from './storage/records.ts';
import { emptyToken, findToken, lockToken } from './storage/tokens.ts';
import { eventCardOf } from './token-answer.ts';
import type { Requester, Vault } from './vault.ts';

/**
 * Erases a token's card: every version of its ciphertext, what is shown of it, stored answers, and, with the card's
 * last token, the fingerprint. What stays is the token's name, so that it is never given out again, and the audit.
 *
 * @throws {ProblemError} token_not_found, database_unavailable
 */
export async function deleteToken(vault: Vault, by: Requester, token: string): Promise<void> {
  await vault.commit(async ({ transaction, audit, publish }) => {
    // The card before the token, as tokenize does: two requests that lock in different orders would deadlock.
    const seen = await findToken(transaction, by.merchant, token);
    if (seen) await lockCardById(transaction, by.merchant, seen.cardId);
    const stored = await lockToken(transaction, by.merchant, token);
    if (!stored) throw new ProblemError('token_not_found');

    const time = vault.now();
    await deleteRecords(transaction, [token]);
    await emptyToken(transaction, token, time);
    await emptyAnswersOf(transaction, token);
    await deleteCardIfUnused(transaction, by.merchant, stored.cardId);
    audit(auditEntry('token.deleted', by, token, time, { recordVersion: stored.recordVersion }));
    publish({
      type: 'token.deleted',
      merchant: by.merchant,
      subject: token,
      time,
      data: { card: eventCardOf(stored) },
    });
  });
}
