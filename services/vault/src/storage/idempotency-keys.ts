import {
  type BatchStatement,
  type Column,
  LOCK_NOT_AVAILABLE,
  ProblemError,
  sqlState,
  type Transaction,
} from '@cofferdam/runtime';
import type { RequestDigests } from '../crypto/digest-keys.ts';

/** Keyed digests of the idempotency key and of the body. */
export interface KeyedRequest extends RequestDigests {
  merchant: string;
}

/** Whether the body of an earlier request with this key was the same, whichever key it was digested with. */
export function isSameBody({ bodyDigest, otherDigests = [] }: RequestDigests, earlier: Buffer): boolean {
  return [bodyDigest, ...otherDigests.map((other) => other.bodyDigest)].some((one) => one.equals(earlier));
}

export interface StoredAnswer<T> {
  status: number;
  /** Undefined when the token has been deleted since. */
  answer: T | undefined;
}

/**
 * Claims the key for this transaction, or finds the answer that it already has. A request with the same key that is
 * under way elsewhere is waited for, as long as the lock timeout allows.
 *
 * @throws {ProblemError} idempotency_key_reused, request_in_progress
 */
export async function claimIdempotencyKey<T>(
  transaction: Transaction,
  request: KeyedRequest,
  now: Date,
): Promise<StoredAnswer<T> | 'claimed'> {
  const { merchant, otherDigests = [] } = request;
  const earlier = otherDigests.length > 0 && (await findAnswer<T>(transaction, request));
  if (earlier) return earlier;
  const claimed = writtenDigests(request);
  const { rowCount } = await transaction
    .query({
      name: 'claim-idempotency-key',
      text: `INSERT INTO idempotency_keys (merchant, key_digest, body_digest, created_at)
             SELECT $1, key_digest, body_digest, $4 FROM unnest($2::bytea[], $3::bytea[]) AS new (key_digest, body_digest)
             ON CONFLICT DO NOTHING`,
      values: [
        merchant,
        claimed.map(({ keyDigest }) => keyDigest),
        claimed.map(({ bodyDigest }) => bodyDigest),
        now,
      ],
    })
    .catch((error: unknown) => {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
      throw new ProblemError('request_in_progress', {
        detail: 'A request with this idempotency key is under way; try again.',
        cause: error,
      });
    });
  if (rowCount === claimed.length) return 'claimed';
  const answer = rowCount === 0 && (await findAnswer<T>(transaction, request));
  // Forgotten between two statements: it was a day old. Or a replica that is a step ahead has claimed a part.
  if (!answer) throw new ProblemError('request_in_progress');
  return answer;
}

/** What a new request is remembered by. */
function writtenDigests({ keyDigest, bodyDigest, otherDigests = [] }: KeyedRequest) {
  return [{ keyDigest, bodyDigest }, ...otherDigests.filter(({ isWritten }) => isWritten)];
}

async function findAnswer<T>(
  transaction: Transaction,
  request: KeyedRequest,
): Promise<StoredAnswer<T> | undefined> {
  const { merchant, keyDigest, otherDigests = [] } = request;
  const { rows } = await transaction.query<{ bodyDigest: Buffer; status: number; answer: T | null }>({
    name: 'find-idempotent-answer',
    text: `SELECT body_digest AS "bodyDigest", status, answer
           FROM idempotency_keys WHERE merchant = $1 AND key_digest = ANY ($2::bytea[]) LIMIT 1`,
    values: [merchant, [keyDigest, ...otherDigests.map((other) => other.keyDigest)]],
  });
  const [row] = rows;
  if (!row) return undefined;
  if (!isSameBody(request, row.bodyDigest)) {
    throw new ProblemError('idempotency_key_reused', {
      detail: 'This idempotency key came with another body before. Use a new key for a new request.',
    });
  }
  return { status: row.status, answer: row.answer ?? undefined };
}

export async function storeAnswer(
  transaction: Transaction,
  request: KeyedRequest,
  answer: { token: string; status: number; body: unknown },
): Promise<void> {
  await transaction.query({
    name: 'store-idempotent-answer',
    text: `UPDATE idempotency_keys SET token = $3, status = $4, answer = $5
           WHERE merchant = $1 AND key_digest = ANY ($2::bytea[])`,
    values: [
      request.merchant,
      writtenDigests(request).map(({ keyDigest }) => keyDigest),
      answer.token,
      answer.status,
      JSON.stringify(answer.body),
    ],
  });
}

/** A deleted token's answers are emptied; their keys stay used, so that a late retry does not bring the card back. */
export async function emptyAnswersOf(transaction: Transaction, tokens: readonly string[]): Promise<void> {
  await transaction.query({
    text: 'UPDATE idempotency_keys SET answer = NULL WHERE token = ANY ($1::text[])',
    values: [tokens],
  });
}

/** A key with the answer that every repetition of its request is given. */
export interface AnsweredRequest extends KeyedRequest {
  token: string;
  status: number;
  /** JSON. */
  answer: string;
  now: Date;
}

const ANSWERED: readonly Column<AnsweredRequest>[] = [
  { name: 'merchant', type: 'text', of: ({ merchant }) => merchant },
  { name: 'key_digest', type: 'bytea', of: ({ keyDigest }) => keyDigest },
  { name: 'body_digest', type: 'bytea', of: ({ bodyDigest }) => bodyDigest },
  { name: 'token', type: 'text', of: ({ token }) => token },
  { name: 'status', type: 'int4', of: ({ status }) => status },
  { name: 'answer', type: 'text', of: ({ answer }) => answer, cast: 'json' },
  { name: 'created_at', type: 'timestamptz', of: ({ now }) => now },
];

export function addAnsweredRequests(write: BatchStatement, requests: readonly AnsweredRequest[]): void {
  const inOrder = requests.toSorted((a, b) => Buffer.compare(a.keyDigest, b.keyDigest));
  write.insert('idempotency_keys', ANSWERED, inOrder);
}
