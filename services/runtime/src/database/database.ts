import { Pool, type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { databaseProblem, isUnavailable } from './errors.ts';
import { observePool } from './observe-pool.ts';
import { type DatabaseSettings, watchDatabaseSettings } from './settings.ts';

/** One statement; with a `name` it is prepared once a connection. */
export interface Statement {
  name?: string;
  text: string;
  values?: unknown[];
}

/** What SQL primitives need: a pool or a transaction. */
export interface Queryable {
  query<R extends QueryResultRow = QueryResultRow>(statement: Statement): Promise<QueryResult<R>>;
}

/** A {@link Queryable} that is one transaction. */
export type Transaction = Queryable & { readonly transaction: true };

export interface Database extends Queryable {
  /** Runs the work in one transaction: committed when it resolves, rolled back when it throws. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** A connection of one's own, for session locks. Call `release` when done. */
  session(): Promise<{
    client: Queryable & { on(event: 'error', listener: (error: Error) => void): unknown };
    release: (broken?: boolean) => void;
  }>;
  close(): Promise<void>;
}

export interface PoolOptions {
  /** Default 10. */
  maxConnections?: number;
  /** Default 5000; 0 for none. */
  statementTimeoutMs?: number;
  /** Longest wait for a row lock. Default 2000; 0 for any. */
  lockTimeoutMs?: number;
  applicationName: string;
  /** More of PostgreSQL's settings for its sessions. */
  settings?: Readonly<Record<string, string>>;
}

/** The server's own timeout is to come first: it says what happened. */
const SERVER_GRACE_MS = 2000;

/**
 * A pool with a bound on everything. `synchronous_commit` is set by us: an acknowledged write is on disk, whatever
 * somebody configured for the role.
 */
export function createPool(settings: DatabaseSettings, options: PoolOptions): Pool {
  const { statementTimeoutMs = 5000, lockTimeoutMs = 2000 } = options;
  const pool = new Pool({
    host: settings.host,
    port: settings.port,
    database: settings.dbname,
    user: settings.username,
    password: settings.password,
    ...(settings.ca === undefined
      ? {}
      : { ssl: { ca: settings.ca, servername: settings.host, rejectUnauthorized: true } }),
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 3000,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    // Ours, for a server that has vanished and cannot keep its own.
    ...(statementTimeoutMs > 0 ? { query_timeout: statementTimeoutMs + SERVER_GRACE_MS } : {}),
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    application_name: options.applicationName,
    options: Object.entries({
      ...{ synchronous_commit: 'on', lock_timeout: lockTimeoutMs },
      ...options.settings,
    })
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  });
  // One that breaks while it is idle, or is being ended, is replaced; without a listener it would end the process.
  return pool.on('error', ignore);
}

/** Opens the database of a mounted Secret; a changed Secret brings a new pool, and the old one ends when it is idle. */
export async function openDatabase(
  source: { directory: string; caFile?: string | undefined; logger: Logger; intervalMs?: number },
  options: PoolOptions & { metrics?: Metrics },
): Promise<Database> {
  const watched = await watchDatabaseSettings(source);
  let used = watched.current();
  let pool = guarded(createPool(used, options), source.logger);
  const current = (): Pool => {
    const newest = watched.current();
    if (newest === used) return pool;
    used = newest;
    void pool.end().catch(() => undefined); // waits for the clients that are checked out
    pool = guarded(createPool(used, options), source.logger);
    return pool;
  };
  if (options.metrics) observePool(options.metrics, options.applicationName, () => pool);
  return {
    ...databaseOver(current),
    close: async () => {
      watched.close();
      await pool.end();
    },
  };
}

/** A database over a fixed pool, or over whichever one is current. */
export function databaseOver(pool: Pool | (() => Pool)): Database {
  const current = typeof pool === 'function' ? pool : () => pool;
  return {
    query: (statement) => current().query(statement).catch(rethrow) as never,
    transaction: async (work) => {
      const client = await current().connect().catch(rethrow);
      return runTransaction(client, work).catch(rethrow);
    },
    session: async () => {
      const client = await current().connect().catch(rethrow);
      client.on('error', ignore);
      return {
        client,
        release: (broken) => {
          client.off('error', ignore);
          client.release(broken ?? false);
        },
      };
    },
    close: () => current().end(),
  };
}

/** A connection that dies also fails the query that waits for it; without a listener it would end the process. */
const ignore = () => undefined;

/**
 * With a callback: for a statement that sends itself, as `BatchStatement` builds it, a client gives no promise, and
 * what fails in it would be known to nobody.
 */
function answerTo(client: PoolClient, statement: Statement): Promise<QueryResult> {
  return new Promise((resolve, reject) => {
    client.query(statement, (error: Error | null, result: QueryResult) =>
      error ? reject(error) : resolve(result),
    );
  });
}

async function runTransaction<T>(
  client: PoolClient,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  client.on('error', ignore);
  let broken = true;
  try {
    await client.query('BEGIN');
    const transaction = {
      transaction: true as const,
      query: (statement: Statement) => answerTo(client, statement),
    };
    const result = await work(transaction as Transaction);
    // After a failed statement whose error was not passed on, COMMIT succeeds, and rolls back.
    const { command } = await client.query('COMMIT');
    if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}`);
    broken = false;
    return result;
  } catch (error) {
    if (!isUnavailable(error)) {
      broken = await client.query('ROLLBACK').then(
        () => false,
        () => true,
      );
    }
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}

function guarded(pool: Pool, logger: Logger): Pool {
  pool.on('error', (error) => logger.warn({ err: error }, 'an idle database connection broke'));
  return pool;
}

function rethrow(error: unknown): never {
  throw databaseProblem(error);
}
