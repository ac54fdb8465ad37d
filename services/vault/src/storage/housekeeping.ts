import type { Database } from '@cofferdam/runtime';
import { removeOldUpdates } from './credential-imports.ts';
import { removeOldCvcMarks } from './used-cvcs.ts';

const BATCH = 5000;

/**
 * Idempotency keys live a day, as callers are told; grants a week, so that an attempt is not granted a card twice; what
 * became of rows of files and of updaters' answers 30 days.
 */
const OLD_ROWS = [
  { table: 'idempotency_keys', key: '(merchant, key_digest)', days: 1 },
  { table: 'reveal_grants', key: '(merchant, attempt_id)', days: 7 },
  { table: 'credential_updates', key: '(merchant, source, row)', days: 30 },
] as const;

/** Removes what has served its time, a bounded number of rows a statement. */
export async function removeOldRows(database: Database, now: Date): Promise<void> {
  for (const { table, key, days } of OLD_ROWS) {
    const before = new Date(now.getTime() - days * 86_400_000);
    for (let removed = BATCH; removed === BATCH; ) {
      const result = await database.query({
        text: `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key.slice(1, -1)} FROM ${table} WHERE created_at < $1 LIMIT ${BATCH})`,
        values: [before],
      });
      removed = result.rowCount ?? 0;
    }
  }
  await removeOldUpdates(database, now);
  while ((await removeOldCvcMarks(database, BATCH)) === BATCH);
}
