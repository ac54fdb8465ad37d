import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '@cofferdam/runtime';

const OFFER_MS = 10_000;
const PAUSE_MS = 200;

/**
 * Offers a write to a database that is away until it takes it, for 10 s: what a PSP said exists nowhere else. The reply
 * to a COMMIT may be what was lost, so the write must do nothing the second time.
 *
 * @throws what the write throws, at once when it will not pass
 */
export async function untilTaken<T>(write: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + OFFER_MS;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      const passes = error instanceof ProblemError && error.status === 503;
      if (!passes || performance.now() > deadline) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
