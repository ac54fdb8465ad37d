import { ProblemError } from '../errors.ts';

/** A place in the outbox: everything up to and including it has been read. */
export interface Cursor {
  /** A 64-bit transaction id, as a decimal string. */
  readonly horizon: string;
  readonly position: string;
}

export const START: Cursor = { horizon: '0', position: '0' };

export function formatCursor(cursor: Cursor): string {
  return `${cursor.horizon}.${cursor.position}`;
}

/** @throws {ProblemError} invalid_request */
export function parseCursor(text: string): Cursor {
  const [, horizon, position] = /^(\d{1,19})\.(\d{1,18})$/.exec(text) ?? [];
  if (horizon === undefined || position === undefined) {
    throw new ProblemError('invalid_request', {
      detail: 'The cursor is not one of this feed.',
      errors: [{ field: 'after', message: 'must be `next` of an earlier page' }],
    });
  }
  return { horizon, position };
}

/** Whether `a` lies before `b`. */
export function isBefore(a: Cursor, b: Cursor): boolean {
  const [left, right] = [BigInt(a.horizon), BigInt(b.horizon)];
  return left === right ? BigInt(a.position) < BigInt(b.position) : left < right;
}

export function furthest(a: Cursor, b: Cursor): Cursor {
  return isBefore(a, b) ? b : a;
}

/** The one that lies before all others; undefined of none. */
export function earliest(cursors: Iterable<Cursor>): Cursor | undefined {
  let first: Cursor | undefined;
  for (const cursor of cursors) if (first === undefined || isBefore(cursor, first)) first = cursor;
  return first;
}
