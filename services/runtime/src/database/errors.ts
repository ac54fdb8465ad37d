import { DatabaseError } from 'pg';
import { ProblemError } from '../errors.ts';

/** SQLSTATE of an error that PostgreSQL reported. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}

export const LOCK_NOT_AVAILABLE = '55P03';

// 08: connection exception; 53: insufficient resources; 57P0x: shutdown, crash, not accepting; 25006: a replica.
const UNAVAILABLE = /^(08|53|57P0|25006)/;
// A statement or a lock took too long, two transactions got in each other's way: all was rolled back.
const TRY_AGAIN = new Set(['57014', LOCK_NOT_AVAILABLE, '40001', '40P01']);

/**
 * The server is away, or went away: nothing is known of a commit that was under way. Errors without an SQLSTATE come
 * from the socket or the pool.
 */
export function isUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return UNAVAILABLE.test(state);
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENET)/.test(String(code)) ||
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after|Query read timeout)/.test(
      error.message,
    )
  );
}

/** What a caller is told of a database error. */
export function databaseProblem(error: unknown): unknown {
  if (isUnavailable(error)) return new ProblemError('database_unavailable', { cause: error });
  if (TRY_AGAIN.has(sqlState(error) ?? '')) return new ProblemError('overloaded', { cause: error });
  return error;
}
