import type { Transaction } from '@cofferdam/runtime';

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
