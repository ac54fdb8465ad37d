import type { BatchStatement, Column, Transaction } from '@cofferdam/runtime';
import type { Held } from './tokens.ts';

export interface NewCard {
  merchant: string;
  fingerprint: Buffer;
  keyVersion: number;
  cardId: string;
  createdAt: Date;
}

const CARD: readonly Column<NewCard>[] = [
  { name: 'merchant', type: 'text', of: ({ merchant }) => merchant },
  { name: 'fingerprint', type: 'bytea', of: ({ fingerprint }) => fingerprint },
  { name: 'key_version', type: 'int4', of: ({ keyVersion }) => keyVersion },
  { name: 'card_id', type: 'text', of: ({ cardId }) => cardId },
  { name: 'created_at', type: 'timestamptz', of: ({ createdAt }) => createdAt },
];

export function addCards(write: BatchStatement, cards: readonly NewCard[]): void {
  const inOrder = cards.toSorted((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
  write.insert('cards', CARD, inOrder);
}

/** The second fingerprint of a new card, while a rekey moves fingerprints. */
export interface NextFingerprint {
  merchant: string;
  fingerprint: Buffer;
  keyVersion: number;
  cardId: string;
}

const NEXT_FINGERPRINT: readonly Column<NextFingerprint>[] = [
  { name: 'merchant', type: 'text', of: ({ merchant }) => merchant },
  { name: 'fingerprint', type: 'bytea', of: ({ fingerprint }) => fingerprint },
  { name: 'key_version', type: 'int4', of: ({ keyVersion }) => keyVersion },
  { name: 'card_id', type: 'text', of: ({ cardId }) => cardId },
];

export function addNextFingerprints(write: BatchStatement, fingerprints: readonly NextFingerprint[]): void {
  const inOrder = fingerprints.toSorted((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
  write.insert('next_fingerprints', NEXT_FINGERPRINT, inOrder);
}

const CARD_ID: readonly Column<string>[] = [{ name: 'card_id', type: 'text', of: (cardId) => cardId }];

/** The cards must still be there, and stay until the commit: whoever deletes one waits. */
export function holdCards(write: BatchStatement, cardIds: Iterable<string>): void {
  const inOrder = [...new Set(cardIds)].toSorted();
  if (inOrder.length === 0) return;
  const held = write.step(
    `SELECT 1 FROM ${write.rows(CARD_ID, inOrder)} AS held (card_id) JOIN cards USING (card_id) FOR SHARE OF cards`,
  );
  write.expect(held, inOrder.length);
}

/** Locks them, and answers which: whoever tokenizes one of them meanwhile waits. */
export async function lockCards(
  transaction: Transaction,
  cardIds: readonly string[],
  held: Held = 'wait',
): Promise<Set<string>> {
  const { rows } = await transaction.query<{ cardId: string }>({
    text: `SELECT card_id AS "cardId" FROM cards WHERE card_id = ANY ($1::text[])
           ORDER BY card_id FOR UPDATE ${held === 'wait' ? '' : 'SKIP LOCKED'}`,
    values: [cardIds],
  });
  return new Set(rows.map(({ cardId }) => cardId));
}

/** Forgets the fingerprints of those that no token stands for any more. */
export async function deleteUnusedCards(transaction: Transaction, cardIds: readonly string[]): Promise<void> {
  await transaction.query({
    text: `DELETE FROM cards c WHERE card_id = ANY ($1::text[])
           AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.merchant = c.merchant AND t.card_id = c.card_id)`,
    values: [cardIds],
  });
}
