export interface RateLimitOptions {
  /** What each identity may ask of this process, on average. */
  requestsPerSecond: number;
  /** How many of them may come at once. Default: those of two seconds. */
  burst?: number;
  /** Monotonic milliseconds. */
  now?: () => number;
}

/** Identities that are remembered; with more of them than this, those that are not short of anything are forgotten. */
const MAX_BUCKETS = 10_000;

/**
 * A token bucket for each identity, in the memory of one process: replicas do not share them, so that a limit never
 * waits for anything. What costs more than is left is let in and paid back: later requests wait for longer.
 */
export class RateLimiter {
  readonly #buckets = new Map<string, { left: number; at: number }>();
  readonly #rate: number;
  readonly #burst: number;
  readonly #now: () => number;

  constructor({ requestsPerSecond, burst = 2 * requestsPerSecond, now }: RateLimitOptions) {
    this.#rate = requestsPerSecond;
    this.#burst = Math.max(1, burst);
    this.#now = now ?? (() => performance.now());
  }

  /**
   * Takes `cost` requests out of the identity's bucket, unless there is not even one in it.
   *
   * @returns 0, or the seconds after which there will be one
   */
  spend(identity: string, cost = 1): number {
    const left = this.#left(identity);
    if (left < 1) return (1 - left) / this.#rate;
    this.charge(identity, cost);
    return 0;
  }

  /** Takes out what a request that was let in turned out to cost besides. */
  charge(identity: string, cost: number): void {
    const at = this.#now();
    this.#buckets.set(identity, { left: this.#left(identity) - cost, at });
    if (this.#buckets.size > MAX_BUCKETS) this.#forgetFull(at);
  }

  #left(identity: string): number {
    const bucket = this.#buckets.get(identity);
    if (!bucket) return this.#burst;
    return Math.min(this.#burst, bucket.left + ((this.#now() - bucket.at) / 1000) * this.#rate);
  }

  #forgetFull(at: number): void {
    for (const [identity, { left, at: since }] of this.#buckets) {
      if (left + ((at - since) / 1000) * this.#rate >= this.#burst) this.#buckets.delete(identity);
    }
  }
}
