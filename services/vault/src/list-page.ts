import { ProblemError } from '@cofferdam/runtime';
import { formatListCursor, type ListPosition, parseListCursor } from './domain/list-cursor.ts';

export const DEFAULT_LIMIT = 50;

/**
 * Where a page begins: after a cursor, or undefined at the newest.
 *
 * @throws {ProblemError} invalid_request
 */
export function startOf(after: string | undefined): ListPosition | undefined {
  if (after === undefined) return undefined;
  const position = parseListCursor(after);
  if (position !== undefined) return position;
  throw new ProblemError('invalid_request', {
    detail: 'The cursor is not one of this list.',
    errors: [{ field: 'after', message: 'must be `next` of an earlier page' }],
  });
}

/** A page as it is answered: `rows` of one more than the limit say that there is another. */
export function pageOf<T extends { createdAt: Date }>(
  rows: readonly T[],
  limit: number,
  idOf: (row: T) => string,
): { shown: T[]; next?: string } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  if (rows.length <= limit || last === undefined) return { shown };
  return { shown, next: formatListCursor({ createdAt: last.createdAt, id: idOf(last) }) };
}
