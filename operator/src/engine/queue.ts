import { type Clock, type Random, systemClock } from './clock.ts';

/** What a worker says of a key when it is done: look again after this long, or not at all. */
export type WorkResult = { afterMs: number } | undefined;

/**
 * A work queue of keys: a key waits at most once, is worked on by at most one worker, and an addition while it
 * is being worked on leads to one more round. A failure is retried with growing waits per key.
 */
export type Queue = {
  add(key: string): void;
  /** Adds after `ms`; of several pending ones for a key the earliest holds. */
  addAfter(key: string, ms: number): void;
  /** Takes no more work; resolves when the workers have ended. */
  stop(): Promise<void>;
  readonly depth: number;
  readonly active: number;
  retriesOf(key: string): number;
  /** What waits, for diagnostics. */
  snapshot(): { waiting: string[]; active: string[]; later: { key: string; inMs: number }[] };
};

/** Observes a queue; the names are those of client-go's workqueue metrics. */
export type QueueObserver = {
  added?(key: string): void;
  started?(key: string, waitedMs: number): void;
  finished?(key: string, tookMs: number, error: unknown): void;
  retried?(key: string, inMs: number): void;
};

export type QueueOptions = {
  work: (key: string, signal: AbortSignal) => Promise<WorkResult>;
  /** Keys worked on at the same time. Default 4. */
  workers?: number;
  clock?: Clock;
  random?: Random;
  /** Wait after a first failure, doubling, multiplied by 0.5 to 1 at random. Default 500 ms, at most 60 s. */
  backoffBaseMs?: number;
  backoffMaxMs?: number;
  onError?: (key: string, error: unknown, retryInMs: number) => void;
  observer?: QueueObserver;
};

export function createQueue(options: QueueOptions): Queue {
  const { work, workers = 4, clock = systemClock, random = Math.random, observer = {} } = options;
  const { backoffBaseMs = 500, backoffMaxMs = 60_000 } = options;
  /** Key to the time it was added; insertion order is the order of work. */
  const waiting = new Map<string, number>();
  const active = new Set<string>();
  const again = new Set<string>();
  const failures = new Map<string, number>();
  const timers = new Map<string, { dueAt: number; cancel: () => void }>();
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();

  function add(key: string): void {
    if (stopping.signal.aborted || waiting.has(key)) return;
    if (active.has(key)) {
      again.add(key);
      return;
    }
    waiting.set(key, clock.monotonicMs());
    observer.added?.(key);
    dispatch();
  }

  function addAfter(key: string, ms: number): void {
    if (stopping.signal.aborted) return;
    const dueAt = clock.monotonicMs() + ms;
    const pending = timers.get(key);
    if (pending !== undefined && pending.dueAt <= dueAt) return;
    pending?.cancel();
    const cancel = clock.after(ms, () => {
      timers.delete(key);
      add(key);
    });
    timers.set(key, { dueAt, cancel });
  }

  function dispatch(): void {
    while (active.size < workers && !stopping.signal.aborted) {
      const next = waiting.entries().next();
      if (next.done) return;
      const [key, addedAt] = next.value;
      waiting.delete(key);
      active.add(key);
      observer.started?.(key, clock.monotonicMs() - addedAt);
      const task = run(key).finally(() => running.delete(task));
      running.add(task);
    }
  }

  async function run(key: string): Promise<void> {
    const startedAt = clock.monotonicMs();
    let failure: unknown;
    try {
      const result = await work(key, stopping.signal);
      failures.delete(key);
      if (result !== undefined) addAfter(key, result.afterMs);
    } catch (error) {
      failure = error;
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const ceiling = Math.min(backoffMaxMs, backoffBaseMs * 2 ** Math.min(count - 1, 30));
      const waitMs = ceiling * (0.5 + random() / 2);
      options.onError?.(key, error, waitMs);
      observer.retried?.(key, waitMs);
      addAfter(key, waitMs);
    }
    observer.finished?.(key, clock.monotonicMs() - startedAt, failure);
    active.delete(key);
    if (again.delete(key)) add(key);
    dispatch();
  }

  return {
    add,
    addAfter,
    async stop() {
      stopping.abort();
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
      waiting.clear();
      await Promise.all(running);
    },
    get depth() {
      return waiting.size;
    },
    get active() {
      return active.size;
    },
    retriesOf: (key) => failures.get(key) ?? 0,
    snapshot: () => ({
      waiting: [...waiting.keys()],
      active: [...active],
      later: [...timers].map(([key, timer]) => ({
        key,
        inMs: Math.round(timer.dueAt - clock.monotonicMs()),
      })),
    }),
  };
}
