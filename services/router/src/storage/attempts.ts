import type { Queryable, Transaction } from '@cofferdam/runtime';
import type { AttemptOutcome } from '../domain/state-machine.ts';

/** A row of `attempts`. */
export interface AttemptRow {
  readonly id: string;
  readonly ordinal: number;
  readonly connector: string;
  readonly account: string;
  readonly outcome: AttemptOutcome;
  readonly code: string | null;
  readonly rawCode: string | null;
  readonly pspReference: string | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

const COLUMNS = `id, ordinal, connector, account, outcome, code, raw_code AS "rawCode",
  psp_reference AS "pspReference", started_at AS "startedAt", finished_at AS "finishedAt"`;

export interface NewAttempt {
  readonly id: string;
  readonly paymentId: string;
  readonly ordinal: number;
  readonly connector: string;
  readonly account: string;
  readonly startedAt: Date;
}

/** Does nothing when the attempt is there already: the reply to its commit was lost. */
export async function insertAttempt(transaction: Transaction, attempt: NewAttempt): Promise<void> {
  await transaction.query({
    name: 'insert-attempt',
    text: `INSERT INTO attempts (id, payment_id, ordinal, connector, account, outcome, started_at)
           VALUES ($1, $2, $3, $4, $5, 'pending', $6) ON CONFLICT (id) DO NOTHING`,
    values: [
      attempt.id,
      attempt.paymentId,
      attempt.ordinal,
      attempt.connector,
      attempt.account,
      attempt.startedAt,
    ],
  });
}

/** The attempts of a payment, in order. */
export async function findAttempts(database: Queryable, paymentId: string): Promise<AttemptRow[]> {
  const { rows } = await database.query<AttemptRow>({
    name: 'find-attempts',
    text: `SELECT ${COLUMNS} FROM attempts WHERE payment_id = $1 ORDER BY ordinal`,
    values: [paymentId],
  });
  return rows;
}

export interface SettledAttempt {
  readonly id: string;
  readonly outcome: AttemptOutcome;
  readonly code: string;
  readonly rawCode: string | undefined;
  readonly pspReference: string | undefined;
  readonly finishedAt: Date;
}

export async function settleAttempt(transaction: Transaction, attempt: SettledAttempt): Promise<void> {
  await transaction.query({
    name: 'settle-attempt',
    text: `UPDATE attempts SET outcome = $2, code = $3, raw_code = $4, psp_reference = $5, finished_at = $6
           WHERE id = $1`,
    values: [
      attempt.id,
      attempt.outcome,
      attempt.code,
      attempt.rawCode ?? null,
      attempt.pspReference ?? null,
      attempt.finishedAt,
    ],
  });
}
