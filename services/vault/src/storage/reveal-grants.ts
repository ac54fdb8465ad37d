import { type BatchStatement, type Column, encodeArray, type Queryable } from '@cofferdam/runtime';
import type { Grant } from '../domain/grant-checks.ts';
import type { SealedRecord } from './records.ts';
import { isLive } from './tokens.ts';

export interface NewGrant extends Omit<Grant, 'redeemedAt'> {
  grantHash: Buffer;
  createdAt: Date;
}

const GRANT: readonly Column<NewGrant>[] = [
  { name: 'merchant', type: 'text', of: ({ merchant }) => merchant },
  { name: 'attempt_id', type: 'text', of: ({ attemptId }) => attemptId },
  { name: 'grant_hash', type: 'bytea', of: ({ grantHash }) => grantHash },
  { name: 'token', type: 'text', of: ({ token }) => token },
  { name: 'payment_id', type: 'text', of: ({ paymentId }) => paymentId },
  { name: 'connector', type: 'text', of: ({ connector }) => connector },
  { name: 'subject', type: 'text', of: ({ subject }) => subject },
  { name: 'purpose', type: 'text', of: ({ purpose }) => purpose },
  { name: 'created_at', type: 'timestamptz', of: ({ createdAt }) => createdAt },
  { name: 'expires_at', type: 'timestamptz', of: ({ expiresAt }) => expiresAt },
];

/**
 * One grant an attempt, and one of an attempt in a batch: a newer one replaces one that was never redeemed (its answer
 * may have been lost). One that has been redeemed meanwhile makes the statement fail: its card has been seen.
 */
export function putGrants(write: BatchStatement, grants: readonly NewGrant[]): void {
  if (grants.length === 0) return;
  const names = GRANT.map(({ name }) => name).join(', ');
  const inOrder = grants.toSorted((a, b) => (a.attemptId < b.attemptId ? -1 : 1));
  const put = write.step(
    `INSERT INTO reveal_grants AS g (${names})
     SELECT * FROM ${write.rows(GRANT, inOrder)} AS new (${names})
     ON CONFLICT (merchant, attempt_id) DO UPDATE
       SET grant_hash = excluded.grant_hash, token = excluded.token, payment_id = excluded.payment_id,
           connector = excluded.connector, subject = excluded.subject, purpose = excluded.purpose,
           created_at = excluded.created_at, expires_at = excluded.expires_at
       WHERE g.redeemed_at IS NULL
     RETURNING 1`,
  );
  write.expect(put, grants.length);
}

/** What stands against a grant: whether its token is there, and whether its attempt has redeemed one. */
export async function findGrantable(
  database: Queryable,
  asked: readonly { merchant: string; token: string; attemptId: string }[],
): Promise<{ tokenIsKnown: boolean; isRedeemed: boolean }[]> {
  const { rows } = await database.query<{ tokenIsKnown: boolean; isRedeemed: boolean }>({
    name: 'find-grantable',
    text: `SELECT t.token IS NOT NULL AS "tokenIsKnown", g.redeemed_at IS NOT NULL AS "isRedeemed"
           FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS asked (merchant, token, attempt_id, place)
           LEFT JOIN tokens t ON t.token = asked.token AND t.merchant = asked.merchant AND ${isLive('t')}
           LEFT JOIN reveal_grants g ON g.merchant = asked.merchant AND g.attempt_id = asked.attempt_id
           ORDER BY asked.place`,
    values: [
      encodeArray(
        'text',
        asked.map(({ merchant }) => merchant),
      ),
      encodeArray(
        'text',
        asked.map(({ token }) => token),
      ),
      encodeArray(
        'text',
        asked.map(({ attemptId }) => attemptId),
      ),
    ],
  });
  return rows;
}

/** A grant with what it opens; without a record the token has been deleted. */
export interface RevealableGrant extends Grant {
  record: (SealedRecord & { merchant: string }) | undefined;
}

/** By their hashes: base64 of each that is known. */
export async function findGrants(
  database: Queryable,
  grantHashes: readonly Buffer[],
): Promise<Map<string, RevealableGrant>> {
  const { rows } = await database.query<GrantRow>({
    name: 'find-grants',
    text: `SELECT g.grant_hash AS "grantHash", g.merchant, g.token, g.payment_id AS "paymentId",
                  g.attempt_id AS "attemptId", g.connector, g.subject, g.purpose, g.expires_at AS "expiresAt",
                  g.redeemed_at AS "redeemedAt", r.version, r.format, r.key_version AS "keyVersion", r.sealed
           FROM unnest($1::bytea[]) AS asked (grant_hash)
           JOIN reveal_grants g USING (grant_hash)
           LEFT JOIN tokens t ON t.token = g.token AND t.merchant = g.merchant AND ${isLive('t')}
           LEFT JOIN records r ON r.token = t.token AND r.version = t.record_version`,
    values: [encodeArray('bytea', grantHashes)],
  });
  return new Map(rows.map((row) => [row.grantHash.toString('base64'), toGrant(row)]));
}

type Nullable<T> = { [K in keyof T]: T[K] | null };
type GrantRow = Omit<Grant, 'redeemedAt'> & { grantHash: Buffer; redeemedAt: Date | null } & Nullable<
    Pick<SealedRecord, 'version' | 'format' | 'keyVersion' | 'sealed'>
  >;

function toGrant({ grantHash: _, redeemedAt, version, format, keyVersion, sealed, ...grant }: GrantRow) {
  const { token, merchant } = grant;
  const isThere = version !== null && format !== null && keyVersion !== null && sealed !== null;
  const record = isThere ? { merchant, token, version, format, keyVersion, sealed } : undefined;
  return { ...grant, redeemedAt: redeemedAt ?? undefined, record };
}

const REDEEMED: readonly Column<{ grantHash: Buffer; time: Date }>[] = [
  { name: 'grant_hash', type: 'bytea', of: ({ grantHash }) => grantHash },
  { name: 'time', type: 'timestamptz', of: ({ time }) => time },
];

/** Uses the grants up. When somebody was faster with one of them the statement fails. */
export function redeemGrants(
  write: BatchStatement,
  grants: readonly { grantHash: Buffer; time: Date }[],
): void {
  if (grants.length === 0) return;
  const inOrder = grants.toSorted((a, b) => Buffer.compare(a.grantHash, b.grantHash));
  const redeemed = write.step(
    `UPDATE reveal_grants g SET redeemed_at = now.time
     FROM ${write.rows(REDEEMED, inOrder)} AS now (grant_hash, time)
     WHERE g.grant_hash = now.grant_hash AND g.redeemed_at IS NULL AND g.expires_at > now.time
     RETURNING 1`,
  );
  write.expect(redeemed, grants.length);
}
