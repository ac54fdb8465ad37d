import { FINAL_EVENT_TYPES } from '@cofferdam/contracts';
import type { Database, Transaction } from '../database/database.ts';
import { type Cursor, earliest, isBefore } from './cursor.ts';
import { readProgress } from './shards.ts';

export interface PruneOptions {
  /** Where events go; undefined without a broker. */
  topic: string | undefined;
  /** Events that are older have done their service. */
  retentionHours: number;
  /** Most rows of one transaction. Default 2000. */
  batchSize?: number;
}

const END: Cursor = { horizon: '18446744073709551615', position: '9223372036854775807' };

/**
 * Removes the oldest events that are published and older than the retention, always a piece from the beginning, and
 * notes up to where: a reader of the feed that comes from before is told. One transaction; one replica at a time.
 *
 * @returns how many were removed; there may be more as long as it is `batchSize`
 */
export function pruneEvents(database: Database, options: PruneOptions): Promise<number> {
  return database.transaction(async (transaction) => {
    const from = await lockPruned(transaction);
    if (!from) return 0;
    const published = await publishedUpTo(transaction, options.topic);
    if (!isBefore(from, published)) return 0;
    const { count, upTo } = await findOld(transaction, { from, published, ...options });
    if (!upTo) return 0;
    await remove(transaction, from, upTo);
    return count;
  });
}

async function lockPruned(transaction: Transaction): Promise<Cursor | undefined> {
  const { rows } = await transaction.query<Cursor>({
    name: 'outbox-lock-pruned',
    text: 'SELECT horizon::text, position::text FROM outbox_pruned FOR UPDATE SKIP LOCKED',
  });
  return rows[0];
}

/**
 * Where a broker is configured, how far its topic is published. Where none is, events live for the feed only; but what
 * was once begun to be published is published before it goes, should the broker come back.
 */
async function publishedUpTo(transaction: Transaction, topic: string | undefined): Promise<Cursor> {
  const topics = topic === undefined ? await topicsEver(transaction) : [topic];
  const cursors: Cursor[] = [];
  for (const name of topics) cursors.push(...(await readProgress(transaction, name)));
  return earliest(cursors) ?? END;
}

async function topicsEver(transaction: Transaction): Promise<string[]> {
  const { rows } = await transaction.query<{ topic: string }>({
    name: 'outbox-topics',
    text: 'SELECT topic FROM outbox_relay UNION SELECT topic FROM outbox_shard',
  });
  return rows.map(({ topic }) => topic);
}

async function findOld(
  transaction: Transaction,
  options: PruneOptions & { from: Cursor; published: Cursor },
): Promise<{ count: number; upTo?: Cursor }> {
  const { from, published, retentionHours, batchSize = 2000 } = options;
  const { rows } = await transaction.query<{ count: number; horizon: string; position: string }>({
    // Not past a transaction that is still running: its events belong before those that are there already.
    text: `SELECT nth::int AS count, horizon::text, position::text
           FROM (
             SELECT horizon, position, row_number() OVER earlier AS nth,
                    bool_and(time < now() - $5 * interval '1 hour') OVER earlier AS is_old
             FROM (
               SELECT horizon, position, time FROM outbox
               WHERE (horizon, position) > ($1::xid8, $2::bigint)
                 AND (horizon, position) <= ($3::xid8, $4::bigint)
                 AND horizon < pg_snapshot_xmin(pg_current_snapshot())
               ORDER BY horizon, position
               LIMIT $6) AS oldest
             WINDOW earlier AS (ORDER BY horizon, position)) AS numbered
           WHERE is_old ORDER BY nth DESC LIMIT 1`,
    values: [
      ...[from.horizon, from.position, published.horizon, published.position],
      ...[retentionHours, batchSize],
    ],
  });
  const last = rows[0];
  return last
    ? { count: last.count, upTo: { horizon: last.horizon, position: last.position } }
    : { count: 0 };
}

async function remove(transaction: Transaction, from: Cursor, upTo: Cursor): Promise<void> {
  await transaction.query({
    // The lower bound spares the index entries of what was removed before. Not a prepared statement: planned for these
    // bounds it reads an index, planned for any it might read the table.
    text: `WITH gone AS (
             DELETE FROM outbox
             WHERE (horizon, position) > ($1::xid8, $2::bigint) AND (horizon, position) <= ($3::xid8, $4::bigint)
             RETURNING subject, sequence, type),
           noted AS (UPDATE outbox_pruned SET horizon = $3::xid8, position = $4::bigint)
           DELETE FROM outbox_subject AS s USING gone
           WHERE gone.type = ANY ($5) AND s.subject = gone.subject AND s.sequence = gone.sequence`,
    values: [from.horizon, from.position, upTo.horizon, upTo.position, FINAL_EVENT_TYPES],
  });
}
