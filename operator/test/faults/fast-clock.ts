import { type Clock, systemClock } from '../../src/engine/index.ts';

/**
 * A clock on which waiting is over `factor` times as soon, so that back-offs and resyncs fit into a test. What it
 * measures is real time: a busy machine must not cost anybody the lease. Limits of a minute and more (of a
 * watch that has fallen silent) are left alone. The wall clock jumps when it is told to.
 */
export function fastClock(factor: number): Clock & { jump(ms: number): void } {
  let jumpedMs = 0;
  const shortened = (ms: number) => (ms < 60_000 ? ms / factor : ms);
  return {
    now: () => Date.now() + jumpedMs,
    monotonicMs: systemClock.monotonicMs,
    sleep: (ms, signal) => systemClock.sleep(shortened(ms), signal),
    after: (ms, run) => systemClock.after(shortened(ms), run),
    jump(ms) {
      jumpedMs += ms;
    },
  };
}
