import type { Event } from '@cofferdam/contracts';
import type { Merchants } from '../authentication/caller.ts';
import type { Queryable } from '../database/database.ts';
import { type Cursor, earliest, START } from './cursor.ts';
import { cursorArrays, SHARD_OF_ROW } from './shards.ts';

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

const COLUMNS = 'horizon::text, position::text, id, type, merchant, subject, sequence::text, time, data';

/**
 * The next rows of the outbox that are committed for good, at most `limit` of them, as SQL. `is_last` marks the last
 * one looked at, wanted or not: a reader goes on behind it. Only a row can be gone on behind. The newest transaction
 * id that is over cannot: after a crash PostgreSQL may give it out again.
 */
function committedAfter(columns: string, [horizon, position, limit]: readonly [string, string, string]) {
  return `SELECT *, lead(position) OVER (ORDER BY horizon, position) IS NULL AS is_last
          FROM (
            SELECT ${columns} FROM outbox
            WHERE (horizon, position) > (${horizon}::xid8, ${position}::bigint)
              AND horizon < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY horizon, position
            LIMIT ${limit}) AS page`;
}

export interface ReadOptions {
  vaultId: string;
  after: Cursor;
  limit: number;
  merchants?: Merchants;
}

/** Most rows that one page looks at to find a merchant's, so that it costs little where there are few. */
const scanned = (limit: number) => Math.max(2000, limit * 20);

/**
 * The next committed events after the cursor, oldest first, and the cursor behind them. A page with few events or none
 * may end before the newest event when most are other merchants'.
 *
 * @returns `expired` when events behind the cursor have been removed, or the database was restored to a time before it
 */
export async function readEvents(
  database: Queryable,
  options: ReadOptions,
): Promise<{ events: Event[]; next: Cursor; expired: boolean }> {
  const { after, limit, vaultId, merchants = '*' } = options;
  const all = merchants === '*';
  const { rows } = await database.query<Partial<Row> & { expired: boolean; mine: boolean }>({
    name: 'outbox-read',
    text: `SELECT expired, mine, ${COLUMNS}
           FROM (
             SELECT coalesce((SELECT (horizon, position) > ($1::xid8, $2::bigint) FROM outbox_pruned), false)
                    OR $1::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) AS expired) AS place
           LEFT JOIN LATERAL (
             SELECT *, $3::text[] IS NULL OR merchant = ANY ($3) AS mine
             FROM (${committedAfter('*', ['$1', '$2', '$5'])}) AS scanned) AS found
             ON NOT expired AND (mine OR is_last)
           ORDER BY found.horizon, found.position
           LIMIT $4`,
    values: [after.horizon, after.position, all ? null : merchants, limit, all ? limit : scanned(limit)],
  });
  const last = rows.at(-1);
  return {
    events: rows.filter((row) => row.mine).map((row) => toEvent(row as Row, vaultId)),
    next: last?.horizon && last.position ? { horizon: last.horizon, position: last.position } : after,
    expired: last?.expired ?? false,
  };
}

/** Where the oldest event that has not been removed begins. */
export async function oldestKept(database: Queryable): Promise<Cursor> {
  const { rows } = await database.query<Cursor>({
    name: 'outbox-oldest-kept',
    text: 'SELECT horizon::text, position::text FROM outbox_pruned',
  });
  return rows[0] ?? START;
}

export interface ShardEvent {
  event: Event;
  shard: number;
  /** About how long it is as JSON. */
  bytes: number;
}

export interface ShardPage {
  /** Oldest first. */
  events: ShardEvent[];
  /** Everything of the shards that were asked for has been read up to here. */
  next: Cursor | undefined;
  /** Whether there was more. */
  full: boolean;
}

const ENVELOPE_BYTES = 250;

/**
 * The next committed events of some shards, each behind its own cursor, in one pass: rows of other shards are passed
 * over in the database. At most `limit` rows are looked at, so that no call takes long, whatever is behind it.
 */
export async function readShards(
  database: Queryable,
  options: { vaultId: string; cursors: ReadonlyMap<number, Cursor>; limit: number },
): Promise<ShardPage> {
  const { cursors, limit, vaultId } = options;
  const from = earliest(cursors.values());
  if (!from) return { events: [], next: undefined, full: false };
  const { horizons, positions } = cursorArrays((shard) => cursors.get(shard));
  const { rows } = await database.query<Row & { shard: number; mine: boolean; bytes: number; nth: number }>({
    name: 'outbox-read-shards',
    text: `SELECT ${COLUMNS}, shard, mine, nth, octet_length(data::text) AS bytes
           FROM (
             SELECT *, row_number() OVER (ORDER BY horizon, position)::int AS nth,
                    coalesce((horizon, position) > (($4::xid8[])[shard + 1], ($5::bigint[])[shard + 1]), false) AS mine
             FROM (${committedAfter(`*, ${SHARD_OF_ROW} AS shard`, ['$1', '$2', '$3'])}) AS scanned) AS numbered
           WHERE mine OR is_last
           ORDER BY numbered.horizon, numbered.position`,
    values: [from.horizon, from.position, limit, horizons, positions],
  });
  const last = rows.at(-1);
  return {
    events: rows
      .filter((row) => row.mine)
      .map((row) => ({ event: toEvent(row, vaultId), shard: row.shard, bytes: row.bytes + ENVELOPE_BYTES })),
    next: last && { horizon: last.horizon, position: last.position },
    full: last?.nth === limit,
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
