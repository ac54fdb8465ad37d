import type { Queryable, Transaction } from '@cofferdam/runtime';

export interface StoredImport {
  startedAt: Date;
  completedAt: Date | null;
}

/** Notes an import that begins, or goes on. */
export async function beginImport(
  database: Queryable,
  { merchant, source }: { merchant: string; source: string },
  now: Date,
): Promise<void> {
  await database.query({
    text: `INSERT INTO credential_imports (merchant, import, started_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    values: [merchant, source, now],
  });
}

export async function completeImport(
  database: Queryable,
  { merchant, source }: { merchant: string; source: string },
  now: Date,
): Promise<void> {
  await database.query({
    text: `UPDATE credential_imports SET completed_at = coalesce(completed_at, $3) WHERE merchant = $1 AND import = $2`,
    values: [merchant, source, now],
  });
}

export async function findImport(
  database: Queryable,
  { merchant, source }: { merchant: string; source: string },
): Promise<StoredImport | undefined> {
  const { rows } = await database.query<StoredImport>({
    text: `SELECT started_at AS "startedAt", completed_at AS "completedAt" FROM credential_imports
           WHERE merchant = $1 AND import = $2`,
    values: [merchant, source],
  });
  return rows[0];
}

/** How many rows have which result. */
export async function countRowResults(
  database: Queryable,
  { merchant, source }: { merchant: string; source: string },
): Promise<Record<string, number>> {
  const { rows } = await database.query<{ result: string; count: number }>({
    text: `SELECT coalesce(outcome, problem) AS result, count(*)::integer AS count FROM credential_updates
           WHERE merchant = $1 AND source = $2 GROUP BY 1 ORDER BY 1`,
    values: [merchant, source],
  });
  return Object.fromEntries(rows.map(({ result, count }) => [result, count]));
}

const KEPT_MS = 30 * 86_400_000;

/** Imports and batches whose rows are forgotten; there are few of them. */
export async function removeOldUpdates(database: Queryable, now: Date): Promise<void> {
  const before = new Date(now.getTime() - KEPT_MS);
  await database.query({
    text: `DELETE FROM credential_imports i WHERE started_at < $1
             AND NOT EXISTS (SELECT 1 FROM credential_updates u WHERE u.merchant = i.merchant AND u.source = i.import)`,
    values: [before],
  });
  await database.query({ text: 'DELETE FROM updater_batches WHERE finished_at < $1', values: [before] });
}

/** What a merchant was told of its cards by then, so many rows at most. @returns how many there were */
export async function deleteUpdatesOf(
  transaction: Transaction,
  merchant: string,
  { until, limit }: { until: Date; limit: number },
): Promise<number> {
  const { rowCount } = await transaction.query({
    text: `DELETE FROM credential_updates WHERE merchant = $1 AND (source, row) IN (
             SELECT source, row FROM credential_updates WHERE merchant = $1 AND created_at <= $2 LIMIT $3)`,
    values: [merchant, until, limit],
  });
  if (rowCount) return rowCount;
  await transaction.query({
    text: 'DELETE FROM credential_imports WHERE merchant = $1 AND started_at <= $2',
    values: [merchant, until],
  });
  return 0;
}
