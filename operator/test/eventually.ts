import { setTimeout as wait } from 'node:timers/promises';

/**
 * Tries again until it does not throw. In place of Vitest's own, since what uses this runs without Vitest too.
 *
 * @throws what the last try threw, after `timeoutMs`
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { timeoutMs = 1_000, everyMs = 50 } = {},
): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await wait(everyMs);
  }
}
