import type { Payment } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { paymentAnswer } from './payment-answer.ts';
import type { Router } from './router.ts';
import { settleAbandoned } from './settle-abandoned.ts';
import { findAttempts } from './storage/attempts.ts';
import { findPayment } from './storage/payments.ts';

/**
 * A payment of a merchant. One whose worker has died is settled first, so that nobody is told "processing" of what
 * nobody processes.
 *
 * @throws {ProblemError} payment_not_found
 */
export async function readPayment(router: Router, merchant: string, id: string): Promise<Payment> {
  const found = await findPayment(router.database, id, merchant);
  if (found?.abandoned) await settleAbandoned(router, id);
  const payment = found?.abandoned ? await findPayment(router.database, id, merchant) : found;
  if (payment === undefined) {
    throw new ProblemError('payment_not_found', { detail: 'This merchant has no such payment.' });
  }
  return paymentAnswer(payment, await findAttempts(router.database, id));
}
