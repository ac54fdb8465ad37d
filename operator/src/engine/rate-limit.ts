import type { Clock } from './clock.ts';

/** A token bucket. `take` resolves when a request may be sent, in the order of the calls. */
export type RateLimit = { take(signal?: AbortSignal): Promise<void> };

/**
 * @param perSecond how fast tokens come back
 * @param burst how many there are at most: what may be sent at once after a pause
 */
export function createRateLimit(options: { perSecond: number; burst: number; clock: Clock }): RateLimit {
  const { perSecond, burst, clock } = options;
  let tokens = burst;
  let countedAt = clock.monotonicMs();
  return {
    async take(signal) {
      const now = clock.monotonicMs();
      tokens = Math.min(burst, tokens + ((now - countedAt) * perSecond) / 1000);
      countedAt = now;
      // May become negative: the ones who wait have theirs already, so nobody overtakes them.
      tokens -= 1;
      if (tokens < 0) await clock.sleep((-tokens / perSecond) * 1000, signal);
    },
  };
}
