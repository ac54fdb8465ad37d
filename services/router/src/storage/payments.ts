import type { CardSummary, CreatePayment, Payment, PaymentStatus } from '@cofferdam/contracts';
import type { Queryable, Transaction } from '@cofferdam/runtime';

/** A row of `payments`. Optional members of the API are null. */
export interface PaymentRow {
  readonly id: string;
  readonly merchant: string;
  readonly token: string;
  readonly card: CardSummary;
  readonly amount: number;
  readonly currency: string;
  readonly capture: NonNullable<CreatePayment['capture']>;
  readonly country: string | null;
  readonly reference: string | null;
  readonly metadata: Record<string, string> | null;
  readonly selection: Payment['selection'];
  readonly status: PaymentStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Nobody works on it any more, although it is `processing`. By the database's clock. */
  readonly abandoned: boolean;
}

type NewPayment = Omit<PaymentRow, 'status' | 'updatedAt' | 'abandoned'>;

const COLUMNS = `id, merchant, token, card, amount::float8 AS amount, currency, capture, country, reference, metadata,
  selection, status, created_at AS "createdAt", updated_at AS "updatedAt",
  status = 'processing' AND deadline_at < now() AS abandoned`;

/** @param aliveMs how long the payment counts as worked on before its first attempt begins */
export async function insertPayment(
  transaction: Transaction,
  payment: NewPayment,
  aliveMs: number,
): Promise<void> {
  await transaction.query({
    name: 'insert-payment',
    text: `INSERT INTO payments (id, merchant, token, card, amount, currency, capture, country, reference, metadata,
             selection, status, created_at, updated_at, deadline_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'processing', $12, $12,
             now() + $13 * interval '1 millisecond')`,
    values: [
      payment.id,
      payment.merchant,
      payment.token,
      JSON.stringify(payment.card),
      payment.amount,
      payment.currency,
      payment.capture,
      payment.country,
      payment.reference,
      payment.metadata === null ? null : JSON.stringify(payment.metadata),
      JSON.stringify(payment.selection),
      payment.createdAt,
      aliveMs,
    ],
  });
}

export async function findPayment(
  database: Queryable,
  id: string,
  merchant: string,
): Promise<PaymentRow | undefined> {
  const { rows } = await database.query<PaymentRow>({
    name: 'find-payment',
    text: `SELECT ${COLUMNS} FROM payments WHERE id = $1 AND merchant = $2`,
    values: [id, merchant],
  });
  return rows[0];
}

/** The payment, locked for the rest of the transaction: whoever changes attempts or status takes this lock first. */
export async function lockPayment(transaction: Transaction, id: string): Promise<PaymentRow | undefined> {
  const { rows } = await transaction.query<PaymentRow>({
    name: 'lock-payment',
    text: `SELECT ${COLUMNS} FROM payments WHERE id = $1 FOR UPDATE`,
    values: [id],
  });
  return rows[0];
}

/**
 * Says that somebody works on the payment for so long from now on.
 * @returns false when the payment is not `processing` any more: whoever asked was taken for dead
 */
export async function keepAlive(transaction: Transaction, id: string, aliveMs: number): Promise<boolean> {
  const { rowCount } = await transaction.query({
    name: 'keep-payment-alive',
    text: `UPDATE payments SET deadline_at = now() + $2 * interval '1 millisecond'
           WHERE id = $1 AND status = 'processing'`,
    values: [id, aliveMs],
  });
  return rowCount === 1;
}

export async function setStatus(
  transaction: Transaction,
  id: string,
  status: PaymentStatus,
  now: Date,
): Promise<void> {
  await transaction.query({
    name: 'set-payment-status',
    text: 'UPDATE payments SET status = $2, updated_at = $3 WHERE id = $1',
    values: [id, status, now],
  });
}

/** Ids of payments whose worker has died. */
export async function findAbandoned(database: Queryable, limit: number): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>({
    name: 'find-abandoned-payments',
    text: `SELECT id FROM payments WHERE status = 'processing' AND deadline_at < now()
           ORDER BY deadline_at LIMIT $1`,
    values: [limit],
  });
  return rows.map(({ id }) => id);
}

/** Payments whose outcome nobody knows: how many, counted up to a bound, and since when the oldest, seconds. */
export async function measureUnknown(
  database: Queryable,
  bound = 10_000,
): Promise<{ count: number; oldestSeconds: number }> {
  const { rows } = await database.query<{ count: number; oldestSeconds: number }>({
    name: 'measure-unknown-payments',
    text: `SELECT count(*)::int AS count,
             coalesce(greatest(0, extract(epoch FROM now() - min(updated_at))), 0)::float8 AS "oldestSeconds"
           FROM (SELECT updated_at FROM payments WHERE status = 'unknown' ORDER BY updated_at LIMIT $1) AS oldest`,
    values: [bound],
  });
  return rows[0] ?? { count: 0, oldestSeconds: 0 };
}
