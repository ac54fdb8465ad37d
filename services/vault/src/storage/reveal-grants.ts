import type { Queryable, Transaction } from '@cofferdam/runtime';
import type { Grant } from '../domain/grant-checks.ts';

export interface NewGrant extends Omit<Grant, 'redeemedAt'> {
  grantHash: Buffer;
  createdAt: Date;
}

/**
 * One grant an attempt: a newer one replaces one that was never redeemed (its answer may have been lost).
 *
 * @returns false when the attempt's grant has been redeemed: its card has been seen, and is not shown again
 */
export async function putGrant(transaction: Transaction, grant: NewGrant): Promise<boolean> {
  const { rowCount } = await transaction.query({
    name: 'put-grant',
    text: `INSERT INTO reveal_grants AS g (merchant, attempt_id, grant_hash, token, payment_id, connector, subject,
                                           purpose, created_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
           ON CONFLICT (merchant, attempt_id) DO UPDATE
             SET grant_hash = excluded.grant_hash, token = excluded.token, payment_id = excluded.payment_id,
                 connector = excluded.connector, subject = excluded.subject, purpose = excluded.purpose,
                 created_at = excluded.created_at, expires_at = excluded.expires_at
             WHERE g.redeemed_at IS NULL`,
    values: [
      grant.merchant,
      grant.attemptId,
      grant.grantHash,
      grant.token,
      grant.paymentId,
      grant.connector,
      grant.subject,
      grant.purpose,
      grant.createdAt,
      grant.expiresAt,
    ],
  });
  return rowCount === 1;
}

export async function findGrant(database: Queryable, grantHash: Buffer): Promise<Grant | undefined> {
  const { rows } = await database.query<Omit<Grant, 'redeemedAt'> & { redeemedAt: Date | null }>({
    name: 'find-grant',
    text: `SELECT merchant, token, payment_id AS "paymentId", attempt_id AS "attemptId", connector, subject, purpose,
                  expires_at AS "expiresAt", redeemed_at AS "redeemedAt"
           FROM reveal_grants WHERE grant_hash = $1`,
    values: [grantHash],
  });
  const [row] = rows;
  return row && { ...row, redeemedAt: row.redeemedAt ?? undefined };
}

/** @returns false when somebody else was first */
export async function markRedeemed(transaction: Transaction, grantHash: Buffer, now: Date): Promise<boolean> {
  const { rowCount } = await transaction.query({
    name: 'redeem-grant',
    text: 'UPDATE reveal_grants SET redeemed_at = $2 WHERE grant_hash = $1 AND redeemed_at IS NULL AND expires_at > $2',
    values: [grantHash, now],
  });
  return rowCount === 1;
}
