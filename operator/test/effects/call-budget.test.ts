import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bucket, createCallBudget, OverBudgetError, take } from '../../src/effects/call-budget.ts';
import { kmsRate } from '../../src/effects/kms-quotas.ts';
import { createManualClock } from '../engine/manual-clock.ts';

test('in no span of time are more calls let go than the burst and the rate allow', () => {
  const anyRate = fc.record({
    perSecond: fc.double({ min: 0.5, max: 100, noNaN: true }),
    burst: fc.integer({ min: 1, max: 50 }),
  });
  const pauses = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(anyRate, pauses, fc.integer({ min: 0, max: 3_000 }), (rate, gaps, maxWaitMs) => {
      let bucket: Bucket = { tokens: rate.burst, atMs: 0 };
      let nowMs = 0;
      const letGo: number[] = [];
      for (const gap of gaps) {
        nowMs += gap;
        const taken = take(bucket, rate, { nowMs, maxWaitMs });
        if (taken === undefined) continue;
        expect(taken.waitMs).toBeLessThanOrEqual(maxWaitMs);
        bucket = taken.bucket;
        letGo.push(nowMs + taken.waitMs);
      }
      letGo.forEach((from, i) => {
        letGo.slice(i).forEach((until, j) => {
          expect(j + 1).toBeLessThanOrEqual(rate.burst + ((until - from) * rate.perSecond) / 1000 + 1e-6);
        });
      });
    }),
    { numRuns: 200 },
  );
});

test('each operation has its own budget; one that is used up makes the next call wait, and the one after fail', async () => {
  const clock = createManualClock();
  const budget = createCallBudget({ clock, rateOf: () => ({ perSecond: 1, burst: 1 }), maxWaitMs: 1_500 });
  await budget.wait('CreateKey');
  await budget.wait('ListGrants');
  let gone = false;
  const second = budget.wait('CreateKey').then(() => {
    gone = true;
  });
  await expect(budget.wait('CreateKey')).rejects.toBeInstanceOf(OverBudgetError);
  await clock.advance(999);
  expect(gone).toBe(false);
  await clock.advance(1);
  await second;
});

test("half of AWS's quota is ours by default, and an operation that the table lacks gets the lowest", () => {
  expect(kmsRate('CreateKey', 50)).toEqual({ perSecond: 2.5, burst: 2.5 });
  expect(kmsRate('ListGrants', 50)).toEqual({ perSecond: 50, burst: 50 });
  expect(kmsRate('DescribeKey', 50)).toEqual({ perSecond: 100, burst: 100 });
  expect(kmsRate('Unheard', 10)).toEqual({ perSecond: 0.5, burst: 1 });
});
