import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../errors.ts';

/**
 * Looks every `everyMs` until `look` gives something other than undefined.
 *
 * @throws BenchError `invalid` after `timeoutMs`, with what `onTimeout` says; whatever `signal` was aborted with
 */
export async function waitUntil<T>(
  look: () => T | undefined | Promise<T | undefined>,
  options: { signal: AbortSignal; timeoutMs: number; everyMs?: number; onTimeout: () => string },
): Promise<T> {
  const { signal, timeoutMs, everyMs = 100, onTimeout } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new BenchError('invalid', onTimeout());
    await pause(everyMs, signal);
  }
}

/** @throws whatever `signal` was aborted with */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
  signal.throwIfAborted();
}

/** Runs `work` for every item, `width` at a time. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: Math.min(width, items.length) }, async () => {
    for (const item of queue) await work(item);
  });
  await Promise.all(workers);
}
