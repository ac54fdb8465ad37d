import type { Queryable } from '../database/database.ts';
import { type Cursor, earliest, START } from './cursor.ts';
import { cursorArrays, readProgress, SHARD_OF_ROW } from './shards.ts';

/** Rows that the broker does not have yet, committed or about to be, as SQL over four parameters. */
const UNPUBLISHED = `
  FROM outbox
  WHERE (horizon, position) > ($1::xid8, $2::bigint)
    AND (horizon, position) > (($3::xid8[])[${SHARD_OF_ROW} + 1], ($4::bigint[])[${SHARD_OF_ROW} + 1])`;

function parameters(progress: readonly Cursor[]): unknown[] {
  const from = earliest(progress) ?? START;
  const { horizons, positions } = cursorArrays((shard) => progress[shard]);
  return [from.horizon, from.position, horizons, positions];
}

/** How many events the broker does not have yet; counted up to a bound. */
export async function countUnpublished(database: Queryable, topic: string, bound = 10_000): Promise<number> {
  const { rows } = await database.query<{ count: number }>({
    name: 'outbox-unpublished',
    // In order, so that the index is read from there on, whatever the planner believes of the rest of the table.
    text: `SELECT count(*)::int AS count
           FROM (SELECT 1 ${UNPUBLISHED} ORDER BY horizon, position LIMIT $5) AS waiting`,
    values: [...parameters(await readProgress(database, topic)), bound],
  });
  return rows[0]?.count ?? 0;
}

/** For how long the event that the broker gets next has waited, seconds; 0 when none waits. */
export async function oldestUnpublishedSeconds(database: Queryable, topic: string): Promise<number> {
  const { rows } = await database.query<{ seconds: number }>({
    name: 'outbox-oldest-unpublished',
    // The event's time is its writer's clock, which may be a little ahead of the database's.
    text: `SELECT greatest(0, extract(epoch FROM now() - time))::float8 AS seconds ${UNPUBLISHED}
           ORDER BY outbox.horizon, outbox.position
           LIMIT 1`,
    values: parameters(await readProgress(database, topic)),
  });
  return rows[0]?.seconds ?? 0;
}
