import type { Payment } from '@cofferdam/contracts';
import type { Queryable, Transaction } from '@cofferdam/runtime';

/** A request under its idempotency key; both only as keyed digests, because a caller may put anything into them. */
export interface KeyedRequest {
  readonly merchant: string;
  readonly keyDigest: Buffer;
  readonly bodyDigest: Buffer;
}

export interface KnownRequest {
  readonly bodyDigest: Buffer;
  readonly paymentId: string;
  /** What is answered to a repetition; null while the payment is under way. */
  readonly answer: Payment | null;
}

/** The key of all digests, made by the migration. */
export async function readDigestKey(database: Queryable): Promise<Buffer> {
  const { rows } = await database.query<{ key: Buffer }>({ text: 'SELECT key FROM digest_key' });
  const key = rows[0]?.key;
  if (key === undefined) throw new Error('the digest key is missing from the database');
  return key;
}

export async function findRequest(
  database: Queryable,
  request: Pick<KeyedRequest, 'merchant' | 'keyDigest'>,
): Promise<KnownRequest | undefined> {
  const { rows } = await database.query<KnownRequest>({
    name: 'find-idempotent-request',
    text: `SELECT body_digest AS "bodyDigest", payment_id AS "paymentId", answer
           FROM idempotency_keys WHERE merchant = $1 AND key_digest = $2`,
    values: [request.merchant, request.keyDigest],
  });
  return rows[0];
}

/** @returns false when another request has the key; it waits for one that is about to commit */
export async function claimKey(
  transaction: Transaction,
  request: KeyedRequest,
  payment: { id: string; createdAt: Date },
): Promise<boolean> {
  const { rowCount } = await transaction.query({
    name: 'claim-idempotency-key',
    text: `INSERT INTO idempotency_keys (merchant, key_digest, body_digest, payment_id, created_at)
           VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    values: [request.merchant, request.keyDigest, request.bodyDigest, payment.id, payment.createdAt],
  });
  return rowCount === 1;
}

/** Keeps the answer. That of an unknown payment is replaced by what became of it, which its first caller may have got. */
export async function storeAnswer(transaction: Transaction, answer: Payment): Promise<void> {
  await transaction.query({
    name: 'store-idempotent-answer',
    text: 'UPDATE idempotency_keys SET answer = $2 WHERE payment_id = $1',
    values: [answer.id, JSON.stringify(answer)],
  });
}
