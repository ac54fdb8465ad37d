import type { Clock, Random } from './clock.ts';

export type Backoff = {
  /** The next wait in milliseconds; doubles with every call. */
  next(): number;
  reset(): void;
};

/**
 * client-go's reflector back-off: from `baseMs` doubling to `maxMs`, each wait multiplied by 1 to 2 at random,
 * and starting again once nothing failed for `resetAfterMs`.
 */
export function createBackoff(options: {
  clock: Clock;
  random: Random;
  baseMs?: number;
  maxMs?: number;
  resetAfterMs?: number;
}): Backoff {
  const { clock, random, baseMs = 800, maxMs = 30_000, resetAfterMs = 120_000 } = options;
  let step = 0;
  let last = clock.monotonicMs();
  return {
    next() {
      const now = clock.monotonicMs();
      if (now - last > resetAfterMs) step = 0;
      last = now;
      const wait = Math.min(maxMs, baseMs * 2 ** Math.min(step, 30)) * (1 + random());
      step += 1;
      return Math.min(maxMs, wait);
    },
    reset() {
      step = 0;
    },
  };
}
