import type { Queryable } from '../database/database.ts';
import { type Cursor, furthest, START } from './cursor.ts';

/** For the life of a schema: with another number a subject would change its shard, and its events their place. */
export const SHARDS = 16;

/**
 * The shard of a row of `outbox`, as SQL. PostgreSQL's own hash, which hash partitions rely on across upgrades. It is
 * computed where rows are read and stands in no column or index, so that writing an event costs nothing for it.
 */
export const SHARD_OF_ROW = `(hashtextextended(subject, 0) & ${SHARDS - 1})::int`;

/** Two parallel arrays for SQL, one element a shard; null for a shard that has no cursor. */
export function cursorArrays(cursorOf: (shard: number) => Cursor | undefined): {
  horizons: (string | null)[];
  positions: (string | null)[];
} {
  const cursors = Array.from({ length: SHARDS }, (_, shard) => cursorOf(shard));
  return {
    horizons: cursors.map((cursor) => cursor?.horizon ?? null),
    positions: cursors.map((cursor) => cursor?.position ?? null),
  };
}

/**
 * How far each shard of a topic is published. `outbox_relay` holds for all shards at once: it is what code from before
 * the shards goes by, and where that code has been since, the shards' own rows lie behind.
 */
export async function readProgress(database: Queryable, topic: string): Promise<Cursor[]> {
  const { rows } = await database.query<Cursor & { shard: number | null }>({
    name: 'outbox-progress-of-shards',
    text: `SELECT shard, horizon::text, position::text FROM outbox_shard WHERE topic = $1
           UNION ALL SELECT NULL, horizon::text, position::text FROM outbox_relay WHERE topic = $1`,
    values: [topic],
  });
  const all = rows.find((row) => row.shard === null) ?? START;
  return Array.from({ length: SHARDS }, (_, shard) => {
    const { horizon, position } = furthest(all, rows.find((row) => row.shard === shard) ?? START);
    return { horizon, position };
  });
}
