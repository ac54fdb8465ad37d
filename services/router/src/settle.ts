import type { ChargeResult, Payment, PaymentStatus } from '@cofferdam/contracts';
import { appendEvent, type Transaction } from '@cofferdam/runtime';
import { canMove, canSettle, type Finding, findingOf, nextStep, outcomeOf } from './domain/state-machine.ts';
import { paymentAnswer } from './payment-answer.ts';
import type { Router } from './router.ts';
import { type AttemptRow, findAttempts, settleAttempt } from './storage/attempts.ts';
import { storeAnswer } from './storage/idempotency-keys.ts';
import { lockPayment, type PaymentRow, setStatus } from './storage/payments.ts';

/** Writes what became of an attempt, once; the payment goes on or is settled in the same commit. */
export async function settle(
  router: Router,
  paymentId: string,
  settled: { attemptId: string; result: ChargeResult },
): Promise<void> {
  await router.database.transaction(async (transaction) => {
    const payment = await lockPayment(transaction, paymentId);
    if (payment === undefined) throw new Error(`payment ${paymentId} is gone`);
    const attempts = await findAttempts(transaction, paymentId);
    const current = attempts.find(({ id }) => id === settled.attemptId);
    const outcome = outcomeOf(settled.result);
    if (current === undefined || !canSettle(current.outcome, outcome)) return;
    const { code, rawCode, pspReference } = settled.result;
    const finishedAt = router.now();
    await settleAttempt(transaction, { id: current.id, outcome, code, rawCode, pspReference, finishedAt });
    const findings = attempts.map((attempt) => findingOf(attempt === current ? { outcome, code } : attempt));
    // Taken for dead meanwhile, we ask nobody else: somebody may have answered the caller already.
    const step = nextStep(
      findings,
      payment.status === 'processing' ? candidatesOf(payment) : 0,
      payment.capture,
    );
    if (step.kind === 'settle') await finish(transaction, payment, step.status, finishedAt);
  });
}

/** Ends a payment: status, stored answer and event in the caller's commit. A final status is left as it is. */
export async function finish(
  transaction: Transaction,
  payment: PaymentRow,
  status: Exclude<PaymentStatus, 'processing'>,
  now: Date,
): Promise<void> {
  if (!canMove(payment.status, status)) return;
  await setStatus(transaction, payment.id, status, now);
  const attempts = await findAttempts(transaction, payment.id);
  const answer = paymentAnswer({ ...payment, status, updatedAt: now }, attempts);
  await storeAnswer(transaction, answer);
  await appendEvent(transaction, {
    type: `payment.${status}`,
    merchant: payment.merchant,
    subject: payment.id,
    time: now,
    data: eventData(answer, attempts),
  });
}

/** What subscribers get: the payment without the token's card beyond brand and last four. */
export function eventData(payment: Payment, attempts: readonly AttemptRow[]): Record<string, unknown> {
  const last = attempts.at(-1);
  return {
    status: payment.status,
    amount: payment.amount,
    currency: payment.currency,
    capture: payment.capture,
    card: { brand: payment.card.brand, lastFour: payment.card.lastFour },
    attempts: attempts.length,
    ...(payment.reference === undefined ? {} : { reference: payment.reference }),
    ...(last === undefined ? {} : { connector: last.connector, ...(last.code ? { code: last.code } : {}) }),
  };
}

export const findingsOf = (attempts: readonly AttemptRow[]): Finding[] => attempts.map(findingOf);

const candidatesOf = (payment: PaymentRow): number => payment.selection.candidates.length;
