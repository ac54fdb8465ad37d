import type { Clock } from '../engine/clock.ts';

/** A token bucket: so many calls a second on average, so many at once at most. Pure. */
export type Bucket = { tokens: number; atMs: number };
export type Rate = { perSecond: number; burst: number };

/**
 * Takes a token, in advance if need be: the wait is until it would have been there.
 * @returns undefined instead when that is longer than `maxWaitMs`, and then nothing is taken
 */
export function take(
  bucket: Bucket,
  rate: Rate,
  at: { nowMs: number; maxWaitMs: number },
): { bucket: Bucket; waitMs: number } | undefined {
  const elapsedMs = Math.max(0, at.nowMs - bucket.atMs);
  const tokens = Math.min(rate.burst, bucket.tokens + (elapsedMs * rate.perSecond) / 1000) - 1;
  const waitMs = tokens >= 0 ? 0 : (-tokens / rate.perSecond) * 1000;
  if (waitMs > at.maxWaitMs) return undefined;
  return { bucket: { tokens, atMs: Math.max(at.nowMs, bucket.atMs) }, waitMs };
}

/** Our own limit, kept so that the other side need not remind us. */
export class OverBudgetError extends Error {
  override readonly name = 'OverBudgetError';
}

export type CallBudget = {
  /** Resolves when the call may be made. @throws OverBudgetError when that would take too long */
  wait(operation: string): Promise<void>;
};

/** One bucket for each operation. */
export function createCallBudget(options: {
  clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  rateOf: (operation: string) => Rate;
  maxWaitMs: number;
}): CallBudget {
  const { clock, rateOf, maxWaitMs } = options;
  const buckets = new Map<string, Bucket>();
  return {
    async wait(operation) {
      const rate = rateOf(operation);
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(operation) ?? { tokens: rate.burst, atMs: nowMs };
      const taken = take(bucket, rate, { nowMs, maxWaitMs });
      if (taken === undefined) {
        throw new OverBudgetError(
          `${operation} is asked for more than ${rate.perSecond} times a second, which is the operator's own limit`,
        );
      }
      buckets.set(operation, taken.bucket);
      if (taken.waitMs > 0) await clock.sleep(taken.waitMs);
    },
  };
}
