import { type Clock, type Random, systemClock } from './clock.ts';

/**
 * What a worker says of a key when it is done: look again after this long, or not at all.
 * `urgency`: of that look, a resync unless said otherwise. `untried`: it came too early to do anything, so that
 * failures of before still count.
 */
export type WorkResult = { afterMs: number; urgency?: Urgency; untried?: true } | undefined;

/**
 * Why a key is added, most urgent first: the thing itself is new or was changed; something that it depends on was;
 * it failed more than once, or is not ready yet; nobody knows of a reason.
 */
export type Urgency = 'changed' | 'affected' | 'retry' | 'resync';

/**
 * For how long something more urgent goes first, milliseconds. Whatever waits grows older, and older than that it goes
 * before newer ones of any urgency: new work is not starved behind resyncs, and neither is the initial list, which is
 * one, behind a steady stream of events.
 */
const PATIENCE_MS: Readonly<Record<Urgency, number>> = {
  changed: 0,
  affected: 1_000,
  retry: 5_000,
  resync: 30_000,
};
const URGENCIES = Object.keys(PATIENCE_MS) as Urgency[];

/**
 * A work queue of keys: a key waits at most once, is worked on by at most one worker, and an addition while it
 * is being worked on leads to one more round. A failure is retried with growing waits per key.
 */
export type Queue = {
  /** Default `changed`. A key that waits already may become more urgent, never less. */
  add(key: string, urgency?: Urgency): void;
  /** Adds after `ms`, as a resync unless said otherwise; of several pending ones for a key the earliest holds. */
  addAfter(key: string, ms: number, urgency?: Urgency): void;
  /** Takes no more work; resolves when the workers have ended. */
  stop(): Promise<void>;
  readonly depth: number;
  readonly active: number;
  /** For how long each key that is worked on has been. */
  activeMs(): number[];
  retriesOf(key: string): number;
  /** What waits, for diagnostics. */
  snapshot(): {
    waiting: { key: string; urgency: Urgency; waitedMs: number }[];
    active: { key: string; tookMs: number }[];
    later: { key: string; inMs: number; retries: number }[];
  };
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
  /**
   * Keys worked on at the same time. Default 4. Of several, one is kept for what is changed or affected: retries that
   * wait for something that does not answer cannot take them all. Resyncs take half of them at most: they share one
   * processor with what is new, which has many steps to go.
   */
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
  const waiting = createWaitingKeys();
  /** Key to when its work began. */
  const active = new Map<string, number>();
  /** Of these, the ones that began as retries or resyncs, and the resyncs alone. */
  const patient = new Set<string>();
  const resyncs = new Set<string>();
  const mostPatient = Math.max(1, workers - 1);
  const mostResyncs = Math.ceil(workers / 2);
  const again = new Map<string, Urgency>();
  const failures = new Map<string, number>();
  const timers = new Map<string, { dueAt: number; cancel: () => void }>();
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();

  function add(key: string, urgency: Urgency = 'changed'): void {
    if (stopping.signal.aborted) return;
    if (active.has(key)) {
      const before = again.get(key);
      if (before === undefined || PATIENCE_MS[urgency] < PATIENCE_MS[before]) again.set(key, urgency);
      return;
    }
    if (waiting.add(key, urgency, clock.monotonicMs())) observer.added?.(key);
    dispatch();
  }

  function addAfter(key: string, ms: number, urgency: Urgency = 'resync'): void {
    if (stopping.signal.aborted) return;
    const dueAt = clock.monotonicMs() + ms;
    const pending = timers.get(key);
    if (pending !== undefined && pending.dueAt <= dueAt) return;
    pending?.cancel();
    const cancel = clock.after(ms, () => {
      timers.delete(key);
      add(key, urgency);
    });
    timers.set(key, { dueAt, cancel });
  }

  function hasRoom(urgency: Urgency): boolean {
    if (urgency === 'resync' && resyncs.size >= mostResyncs) return false;
    return urgency === 'changed' || urgency === 'affected' || patient.size < mostPatient;
  }

  function dispatch(): void {
    while (active.size < workers && !stopping.signal.aborted) {
      const next = waiting.take(URGENCIES.filter(hasRoom));
      if (next === undefined) return;
      const { key, addedAt, urgency } = next;
      active.set(key, clock.monotonicMs());
      if (urgency === 'retry' || urgency === 'resync') patient.add(key);
      if (urgency === 'resync') resyncs.add(key);
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
      if (result?.untried === undefined) failures.delete(key);
      if (result !== undefined) addAfter(key, result.afterMs, result.urgency);
    } catch (error) {
      failure = error;
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const ceiling = Math.min(backoffMaxMs, backoffBaseMs * 2 ** Math.min(count - 1, 30));
      const waitMs = ceiling * (0.5 + random() / 2);
      options.onError?.(key, error, waitMs);
      observer.retried?.(key, waitMs);
      // Mostly a conflict: what is new does not lose its place for somebody having been quicker once.
      addAfter(key, waitMs, count === 1 && !patient.has(key) ? 'affected' : 'retry');
    }
    observer.finished?.(key, clock.monotonicMs() - startedAt, failure);
    active.delete(key);
    patient.delete(key);
    resyncs.delete(key);
    const urgency = again.get(key);
    again.delete(key);
    if (urgency !== undefined) add(key, urgency);
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
    activeMs: () => [...active.values()].map((since) => clock.monotonicMs() - since),
    retriesOf: (key) => failures.get(key) ?? 0,
    snapshot: () => ({
      waiting: waiting.list(clock.monotonicMs()),
      active: [...active].map(([key, since]) => ({ key, tookMs: Math.round(clock.monotonicMs() - since) })),
      later: [...timers].map(([key, timer]) => ({
        key,
        inMs: Math.round(timer.dueAt - clock.monotonicMs()),
        retries: failures.get(key) ?? 0,
      })),
    }),
  };
}

/** The keys that wait, by urgency and in each by age. All steps cost the same however many there are. */
function createWaitingKeys() {
  /** Insertion order is the order of age. */
  const keys = Object.fromEntries(URGENCIES.map((urgency) => [urgency, new Map()])) as Record<
    Urgency,
    Map<string, number>
  >;
  const urgencies = new Map<string, Urgency>();
  const rank = (urgency: Urgency, addedAt: number) => addedAt + PATIENCE_MS[urgency];

  return {
    /** @returns whether it is new, and does not just become more urgent */
    add(key: string, urgency: Urgency, now: number): boolean {
      const before = urgencies.get(key);
      if (before !== undefined) {
        // Compared as of now: what has waited long may be ahead of what comes as urgent.
        if (rank(before, keys[before].get(key) ?? now) <= rank(urgency, now)) return false;
        keys[before].delete(key);
      }
      urgencies.set(key, urgency);
      keys[urgency].set(key, now);
      return before === undefined;
    },
    take(among: readonly Urgency[]): { key: string; urgency: Urgency; addedAt: number } | undefined {
      let best: { key: string; urgency: Urgency; addedAt: number } | undefined;
      for (const urgency of among) {
        const first = keys[urgency].entries().next();
        if (first.done) continue;
        const [key, addedAt] = first.value;
        if (best === undefined || rank(urgency, addedAt) < rank(best.urgency, best.addedAt))
          best = { key, urgency, addedAt };
      }
      if (best === undefined) return undefined;
      keys[best.urgency].delete(best.key);
      urgencies.delete(best.key);
      return best;
    },
    clear() {
      urgencies.clear();
      for (const urgency of URGENCIES) keys[urgency].clear();
    },
    list: (now: number) =>
      URGENCIES.flatMap((urgency) =>
        [...keys[urgency]].map(([key, addedAt]) => ({ key, urgency, waitedMs: Math.round(now - addedAt) })),
      ),
    get size() {
      return urgencies.size;
    },
  };
}
