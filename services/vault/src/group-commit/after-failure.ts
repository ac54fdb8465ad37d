import { LOCK_NOT_AVAILABLE, ProblemError, ROWS_HAVE_CHANGED, sqlState } from '@cofferdam/runtime';
import type { Recovery } from './gatherer.ts';
import { CommitUnknown, isUnavailable } from './lane.ts';

/** Somebody else was faster: what was read is no longer so, and is read again. */
const OVERTAKEN = new Set([
  ROWS_HAVE_CHANGED,
  '23505', // unique_violation: a key, a card or a token that another process has written meanwhile
  '40001', // serialization_failure
  '40P01', // deadlock_detected
]);

const TRIES = 3;
const TRIES_OVERTAKEN = 6;

/**
 * What follows when a batch was rolled back. Where the database went away the same requests are tried again: what an
 * unknown commit has written is then found by their keys.
 *
 * @param options.repeatable whether a request that was carried out already is recognized by its key, and answered as
 *   at first
 */
export function afterFailure(
  error: unknown,
  attempt: number,
  { repeatable }: { repeatable: boolean },
): Recovery {
  if (isUnavailable(error)) {
    const again = attempt < TRIES && (repeatable || !(error instanceof CommitUnknown));
    return again ? { again: 100 * attempt } : 'fail';
  }
  if (OVERTAKEN.has(stateOf(error) ?? '') && attempt < TRIES_OVERTAKEN) return { again: 0 };
  return 'apart';
}

/** What a caller is told of it when there are no more tries. Nothing was written; another time it will be. */
export function failureOf(error: unknown): unknown {
  if (error instanceof ProblemError || !OVERTAKEN.has(stateOf(error) ?? '')) return error;
  return new ProblemError('overloaded', {
    detail: 'Others have changed the same again and again. Nothing was written. Try again.',
    cause: error,
  });
}

/** Of the database's error, or of the one behind the problem that was made of it. */
export function stateOf(error: unknown): string | undefined {
  return sqlState(error instanceof ProblemError ? error.cause : error);
}

/** Whether somebody has held a row of that table for longer than we wait for a lock. */
export function isHeld(error: unknown, table: string): boolean {
  if (stateOf(error) !== LOCK_NOT_AVAILABLE) return false;
  const { where } = (error instanceof ProblemError ? error.cause : error) as { where?: string };
  return where?.includes(`relation "${table}"`) ?? false;
}
