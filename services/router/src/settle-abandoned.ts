import { nextStep } from './domain/state-machine.ts';
import type { Router } from './router.ts';
import { findingsOf, finish } from './settle.ts';
import { findAttempts, settleAttempt } from './storage/attempts.ts';
import { findAbandoned, lockPayment } from './storage/payments.ts';

/**
 * Settles a payment whose worker died: an attempt that was under way becomes `unknown`, because its PSP may have been
 * asked, and is never sent again. Without one nothing can have been charged.
 */
export async function settleAbandoned(router: Router, paymentId: string): Promise<void> {
  await router.database.transaction(async (transaction) => {
    const payment = await lockPayment(transaction, paymentId);
    if (!payment?.abandoned) return; // somebody was quicker
    const now = router.now();
    const attempts = await findAttempts(transaction, paymentId);
    for (const { id } of attempts.filter(({ outcome }) => outcome === 'pending')) {
      await settleAttempt(transaction, {
        ...{ id, outcome: 'unknown', code: 'interrupted', finishedAt: now },
        ...{ rawCode: undefined, pspReference: undefined },
      });
    }
    const findings = findingsOf(await findAttempts(transaction, paymentId));
    const step = nextStep(findings, findings.length, payment.capture);
    if (step.kind !== 'settle') return;
    await finish(transaction, payment, step.status, now);
    router.logger.warn({ paymentId, status: step.status }, 'settled a payment whose worker had died');
  });
}

const BATCH = 100;

/** Settles every such payment; at the start, and every few seconds for those of other replicas. */
export async function settleAllAbandoned(router: Router): Promise<void> {
  for (const paymentId of await findAbandoned(router.database, BATCH)) {
    // One that cannot be settled must not stand in the way of all behind it.
    await settleAbandoned(router, paymentId).catch((error: unknown) =>
      router.logger.error({ err: error, paymentId }, 'an abandoned payment could not be settled'),
    );
  }
}
