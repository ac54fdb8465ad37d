import type { UnitOfWork } from './commit.ts';
import { type Removal, removeCredentials } from './customers/take-off-file.ts';
import { deleteInquiries } from './storage/card-inquiries.ts';
import { deleteUnusedCards } from './storage/cards.ts';
import { emptyAnswersOf } from './storage/idempotency-keys.ts';
import { deleteRecords } from './storage/records.ts';
import { deleteVersions } from './storage/token-versions.ts';
import { emptyTokens, type StoredToken } from './storage/tokens.ts';

/**
 * Takes tokens off file, and erases what they stand for: every version of the ciphertext, what is shown of the card,
 * stored answers, and, with a card's last token, the fingerprint. What stays is the token's name, so that it is never
 * given out again, and the audit.
 *
 * @param tokens locked, and their cards before them, as tokenize does: other orders would deadlock
 */
export async function eraseTokens(
  unit: UnitOfWork,
  tokens: readonly StoredToken[],
  removal: Removal,
): Promise<void> {
  const { transaction } = unit;
  const names = tokens.map(({ token }) => token);
  await removeCredentials(unit, names, removal);
  await deleteRecords(transaction, names);
  await deleteVersions(transaction, names);
  await deleteInquiries(transaction, names);
  await emptyTokens(transaction, names, removal.now);
  await emptyAnswersOf(transaction, names);
  await deleteUnusedCards(
    transaction,
    tokens.map(({ cardId }) => cardId),
  );
}
