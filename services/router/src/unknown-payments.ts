import type { Database, Metrics } from '@cofferdam/runtime';
import { measureUnknown } from './storage/payments.ts';

/** Payments whose outcome nobody knows, and for how long: read from the database when somebody scrapes. */
export function observeUnknownPayments({ meter }: Metrics, database: Database): void {
  const count = meter.createObservableGauge('cofferdam_unknown_payments', {
    description: 'Payments whose outcome is unknown.',
  });
  const age = meter.createObservableGauge('cofferdam_oldest_unknown_payment_age_seconds', {
    description: 'For how long the oldest of them has been.',
  });
  meter.addBatchObservableCallback(
    async (result) => {
      const unknown = await measureUnknown(database).catch(() => undefined);
      if (unknown === undefined) return;
      result.observe(count, unknown.count);
      result.observe(age, unknown.oldestSeconds);
    },
    [count, age],
  );
}
