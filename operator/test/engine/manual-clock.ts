import type { Clock } from '../../src/engine/index.ts';

/** A clock that stands still until it is told to move; timers fire in order, promises settle in between. */
export function createManualClock(): Clock & {
  advance(ms: number): Promise<void>;
  /** Somebody sets the clock on the wall. */
  jump(ms: number): void;
} {
  let time = 0;
  let jumped = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  const after = (ms: number, run: () => void) => {
    const timer = { at: time + ms, run };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    now: () => 1_700_000_000_000 + time + jumped,
    jump: (ms) => {
      jumped += ms;
    },
    monotonicMs: () => time,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const cancel = after(ms, resolve);
        signal?.addEventListener('abort', () => {
          cancel();
          resolve();
        });
      }),
    async advance(ms) {
      const end = time + ms;
      await settle();
      for (;;) {
        const next = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        time = Math.max(time, next.at);
        timers.delete(next);
        next.run();
        await settle();
      }
      time = end;
    },
  };
}
