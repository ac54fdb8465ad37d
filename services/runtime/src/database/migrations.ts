import { escapeIdentifier } from 'pg';
import { StartError } from '../errors.ts';
import type { Database, Queryable } from './database.ts';
import type { IndexStatement } from './index-statements.ts';

/**
 * One step of the schema. Steps expand first and contract a release later, so that the code of the release before
 * keeps working while both run, and after a rollback.
 */
export interface Migration {
  version: number;
  name: string;
  /** The oldest code (its newest known version) that can still use the schema after this step. */
  oldestCode: number;
  /** One transaction, in which `:app` stands for the role that serves; or changes of indexes, outside of any. */
  sql: string | readonly IndexStatement[];
}

const HISTORY = `
CREATE TABLE IF NOT EXISTS schema_history (
  version     integer PRIMARY KEY,
  name        text NOT NULL,
  oldest_code integer NOT NULL,
  applied_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS vault_identity (
  vault_id text NOT NULL,
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one)
);`;

// Any number, as long as every version of this code takes the same one.
const MIGRATION_LOCK = 6_224_401;

const LOCK_RETRY_MS = 200;

/**
 * Brings the schema to the newest version, in one transaction a step (but for indexes that are built while others
 * write), and writes whose database this is. Several at once wait for each other; what is done already is left alone.
 *
 * @param database without timeouts: a step takes as long as it takes
 * @param appRole the role that serves; it gets exactly what each step grants it
 * @throws {StartError} when the database belongs to another vault, or a step fails
 */
export async function migrate(
  database: Database,
  options: { migrations: readonly Migration[]; vaultId: string; appRole: string },
): Promise<{ applied: number[]; current: number }> {
  const { client, release } = await database.session();
  try {
    await lock(client);
    const role = escapeIdentifier(options.appRole);
    await client.query({ text: `${HISTORY} GRANT SELECT ON schema_history, vault_identity TO ${role};` });
    await claim(client, options.vaultId);
    const done = await client.query<{ version: number }>({ text: 'SELECT version FROM schema_history' });
    const known = new Set(done.rows.map((row) => row.version));
    const applied: number[] = [];
    for (const migration of options.migrations) {
      if (known.has(migration.version)) continue;
      await apply(client, migration, role);
      applied.push(migration.version);
    }
    return { applied, current: Math.max(0, ...known, ...applied) };
  } finally {
    release(true); // ends the session, and the lock with it
  }
}

/** Asked for again and again: who waits in a statement has a snapshot, for whose end CREATE INDEX CONCURRENTLY waits. */
async function lock(client: Queryable): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>({
      text: 'SELECT pg_try_advisory_lock($1) AS locked',
      values: [MIGRATION_LOCK],
    });
    if (rows[0]?.locked) return;
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
  }
}

async function claim(client: Queryable, vaultId: string): Promise<void> {
  await client.query({
    text: 'INSERT INTO vault_identity (vault_id) VALUES ($1) ON CONFLICT (only_one) DO NOTHING',
    values: [vaultId],
  });
  const { rows } = await client.query<{ vault_id: string }>({ text: 'SELECT vault_id FROM vault_identity' });
  const found = rows[0]?.vault_id;
  if (found !== vaultId)
    throw new StartError(`VAULT_ID is ${vaultId}, but this database belongs to vault ${found}`);
}

async function apply(
  client: Queryable,
  { version, name, oldestCode, sql }: Migration,
  role: string,
): Promise<void> {
  const inTransaction = typeof sql === 'string' ? sql.replaceAll(/:app\b/g, () => role) : '';
  try {
    if (typeof sql !== 'string') await changeIndexes(client, sql);
    await client.query({ text: `BEGIN; ${inTransaction}` });
    await client.query({
      text: 'INSERT INTO schema_history (version, name, oldest_code) VALUES ($1, $2, $3)',
      values: [version, name, oldestCode],
    });
    await client.query({ text: 'COMMIT' });
  } catch (error) {
    await client.query({ text: 'ROLLBACK' }).catch(() => undefined);
    throw new StartError(`migration ${version} (${name}) failed`, { cause: error });
  }
}

/** Whoever was interrupted here has left an index that nothing reads and every write keeps up: it goes first. */
async function changeIndexes(client: Queryable, statements: readonly IndexStatement[]): Promise<void> {
  for (const { index, creates, sql } of statements) {
    if (creates && (await isInvalid(client, index))) {
      await client.query({ text: `DROP INDEX CONCURRENTLY ${escapeIdentifier(index)}` });
    }
    await client.query({ text: sql });
  }
}

async function isInvalid(client: Queryable, index: string): Promise<boolean> {
  const { rows } = await client.query({
    text: 'SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid',
    values: [index],
  });
  return rows.length > 0;
}
