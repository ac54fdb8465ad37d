import type { Payment, PaymentAttempt } from '@cofferdam/contracts';
import type { AttemptRow } from './storage/attempts.ts';
import type { PaymentRow } from './storage/payments.ts';

/** A payment as the API shows it. */
export function paymentAnswer(row: PaymentRow, attempts: readonly AttemptRow[]): Payment {
  return {
    id: row.id,
    status: row.status,
    token: row.token,
    card: row.card,
    amount: row.amount,
    currency: row.currency,
    capture: row.capture,
    ...(row.country === null ? {} : { country: row.country }),
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(row.metadata === null ? {} : { metadata: row.metadata }),
    attempts: attempts.map(attemptAnswer),
    selection: row.selection,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

function attemptAnswer(row: AttemptRow): PaymentAttempt {
  return {
    id: row.id,
    connector: row.connector,
    account: row.account,
    outcome: row.outcome,
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.rawCode === null ? {} : { rawCode: row.rawCode }),
    ...(row.pspReference === null ? {} : { pspReference: row.pspReference }),
    startedAt: row.startedAt.toISOString(),
    ...(row.finishedAt === null ? {} : { finishedAt: row.finishedAt.toISOString() }),
  };
}
