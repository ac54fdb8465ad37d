/** A token bucket: so many calls a second on average, so many at once at most. */
export interface Rate {
  perSecond: number;
  burst: number;
}

export interface CallBudget {
  /**
   * Takes one call, in advance if need be.
   *
   * @param reserve tokens that must be left for others
   * @returns milliseconds until it may be made; undefined, and nothing taken, when that is longer than `maxWaitMs`
   */
  take(options: { maxWaitMs: number; reserve?: number }): number | undefined;
}

/** @param options `nowMs` is a monotonic clock */
export function createCallBudget({ rate, nowMs }: { rate: Rate; nowMs: () => number }): CallBudget {
  let tokens = rate.burst;
  let atMs = nowMs();
  return {
    take({ maxWaitMs, reserve = 0 }) {
      const now = nowMs();
      const elapsedMs = Math.max(0, now - atMs);
      const available = Math.min(rate.burst, tokens + (elapsedMs * rate.perSecond) / 1000);
      const left = available - 1;
      const waitMs = left >= reserve ? 0 : ((reserve - left) / rate.perSecond) * 1000;
      if (waitMs > maxWaitMs) return undefined;
      tokens = left;
      atMs = Math.max(now, atMs);
      return waitMs;
    },
  };
}
