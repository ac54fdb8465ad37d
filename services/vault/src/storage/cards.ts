import type { BatchStatement, Column, Transaction } from '@cofferdam/runtime';

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

/**
 * The card id of a number, given to it now if it has none yet. Either way its row is locked: whoever tokenizes or
 * deletes the same card meanwhile waits.
 */
export async function lockCard(
  transaction: Transaction,
  card: { merchant: string; fingerprint: Buffer; keyVersion: number; newCardId: string; now: Date },
): Promise<string> {
  const { rows } = await transaction.query<{ cardId: string }>({
    name: 'lock-card',
    text: `INSERT INTO cards AS c (merchant, fingerprint, key_version, card_id, created_at)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (merchant, fingerprint) DO UPDATE SET card_id = c.card_id
           RETURNING card_id AS "cardId"`,
    values: [card.merchant, card.fingerprint, card.keyVersion, card.newCardId, card.now],
  });
  return rows[0]?.cardId ?? card.newCardId;
}

export async function lockCardById(
  transaction: Transaction,
  merchant: string,
  cardId: string,
): Promise<void> {
  await transaction.query({
    text: 'SELECT 1 FROM cards WHERE merchant = $1 AND card_id = $2 FOR UPDATE',
    values: [merchant, cardId],
  });
}

/** Forgets the fingerprint of a card that no token stands for any more. */
export async function deleteCardIfUnused(
  transaction: Transaction,
  merchant: string,
  cardId: string,
): Promise<void> {
  await transaction.query({
    text: `DELETE FROM cards WHERE merchant = $1 AND card_id = $2
           AND NOT EXISTS (SELECT 1 FROM tokens WHERE merchant = $1 AND card_id = $2)`,
    values: [merchant, cardId],
  });
}
