import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError, sqlState } from '@cofferdam/runtime';

/** What was read has changed between two statements. */
export class Disturbed extends Error {
  override readonly name = 'Disturbed';
}

const TRIES = 12;
const MOST_PAUSE_MS = 50;
/** Somebody else made the same card; two that wanted two cards in different orders. */
const TRY_AGAIN: ReadonlySet<string | undefined> = new Set(['23505', '40P01']);

/** Repeats a transaction that another one got in the way of. @throws {ProblemError} overloaded, when that goes on */
export async function untilUndisturbed<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const cause = error instanceof ProblemError ? error.cause : error;
      const isDisturbed = error instanceof Disturbed || TRY_AGAIN.has(sqlState(cause));
      if (!isDisturbed) throw error;
      if (tries === TRIES) throw new ProblemError('overloaded', { cause: error });
      await sleep(Math.random() * MOST_PAUSE_MS);
    }
  }
}
