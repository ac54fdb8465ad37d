import type { Queryable, Transaction } from '@cofferdam/runtime';
import type { Walk } from '../domain/rekey-walk.ts';

/** How far a rekey has come. */
export interface RekeyProgress extends Walk {
  generation: number;
}

const COLUMNS = `generation, started_at AS "startedAt", total::float8 AS total, done::float8 AS done,
  after_token AS "afterToken", after_version AS "afterVersion", walk_started_at AS "walkStartedAt",
  walk_moved::float8 AS "walkMoved", left_behind::float8 AS "leftBehind", finished_at AS "finishedAt"`;

/** Counting more rows than this would take longer than the number is worth. */
const COUNTED_UP_TO = 100_000;

/** @returns false when it was begun before */
export async function beginRekey(transaction: Transaction, generation: number, now: Date): Promise<boolean> {
  const { rowCount } = await transaction.query({
    text: `INSERT INTO rekeys (generation, started_at, total, done, after_token, after_version, walk_started_at, walk_moved)
           SELECT $1, $2,
                  CASE WHEN estimate > ${COUNTED_UP_TO} THEN estimate ELSE (SELECT count(*) FROM records) END,
                  0, '', 0, $2, 0
           FROM (SELECT reltuples::bigint AS estimate FROM pg_class WHERE oid = 'records'::regclass) AS planner
           ON CONFLICT DO NOTHING`,
    values: [generation, now],
  });
  return rowCount === 1;
}

export async function findRekey(database: Queryable, generation: number): Promise<RekeyProgress | undefined> {
  const { rows } = await database.query<Omit<RekeyProgress, 'finishedAt'> & { finishedAt: Date | null }>({
    name: 'find-rekey',
    text: `SELECT ${COLUMNS} FROM rekeys WHERE generation = $1`,
    values: [generation],
  });
  const [row] = rows;
  return row && { ...row, finishedAt: row.finishedAt ?? undefined };
}

/** The one of the highest generation that this database has seen, whichever vault asked for it. */
export async function findNewestRekey(database: Queryable): Promise<RekeyProgress | undefined> {
  const { rows } = await database.query<{ generation: number | null }>({
    name: 'newest-rekey',
    text: 'SELECT max(generation) AS generation FROM rekeys',
  });
  const generation = rows[0]?.generation ?? undefined;
  return generation === undefined ? undefined : findRekey(database, generation);
}

/**
 * Takes the walk on from where `from` says that it is.
 *
 * @returns false when another replica has taken it on meanwhile
 */
export async function advanceRekey(
  transaction: Transaction,
  from: RekeyProgress,
  to: RekeyProgress,
): Promise<boolean> {
  const { rowCount } = await transaction.query({
    name: 'advance-rekey',
    text: `UPDATE rekeys SET total = $5, done = $6, after_token = $7, after_version = $8, walk_started_at = $9,
                             walk_moved = $10, finished_at = $11, left_behind = $12
           WHERE generation = $1 AND after_token = $2 AND after_version = $3 AND walk_started_at = $4`,
    values: [
      from.generation,
      from.afterToken,
      from.afterVersion,
      from.walkStartedAt,
      to.total,
      to.done,
      to.afterToken,
      to.afterVersion,
      to.walkStartedAt,
      to.walkMoved,
      to.finishedAt ?? null,
      to.leftBehind,
    ],
  });
  return rowCount === 1;
}
