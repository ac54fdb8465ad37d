import type { Event } from '@cofferdam/contracts';
import type { Merchants } from '../authentication/caller.ts';
import type { Queryable } from '../database/database.ts';
import { ProblemError } from '../errors.ts';

/** A place in the outbox: everything up to and including it has been read. */
export interface Cursor {
  /** A 64-bit transaction id, as a decimal string. */
  horizon: string;
  position: string;
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

interface Row {
  horizon: string;
  position: string;
  id: string;
  type: Event['type'];
  merchant: string;
  subject: string;
  sequence: string;
  time: Date;
  data: Record<string, unknown>;
}

export interface ReadOptions {
  vaultId: string;
  after: Cursor;
  limit: number;
  merchants?: Merchants;
}

/** The next committed events after the cursor, oldest first, and the cursor behind them. */
export async function readEvents(
  database: Queryable,
  options: ReadOptions,
): Promise<{ events: Event[]; next: Cursor }> {
  const { after, limit, vaultId, merchants = '*' } = options;
  const { rows } = await database.query<Row>({
    name: 'outbox-read',
    text: `SELECT horizon::text, position::text, id, type, merchant, subject, sequence::text, time, data
           FROM outbox
           WHERE (horizon, position) > ($1::xid8, $2::bigint)
             AND horizon < pg_snapshot_xmin(pg_current_snapshot())
             AND ($3::text[] IS NULL OR merchant = ANY ($3))
           ORDER BY outbox.horizon, outbox.position
           LIMIT $4`,
    values: [after.horizon, after.position, merchants === '*' ? null : merchants, limit],
  });
  const last = rows.at(-1);
  return {
    events: rows.map((row) => toEvent(row, vaultId)),
    next: last ? { horizon: last.horizon, position: last.position } : after,
  };
}

function toEvent(row: Row, vaultId: string): Event {
  return {
    id: row.id,
    type: row.type,
    vaultId,
    merchant: row.merchant,
    subject: row.subject,
    sequence: Number(row.sequence),
    time: row.time.toISOString(),
    data: row.data,
  };
}
