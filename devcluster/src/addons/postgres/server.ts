import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createSupervisor, type Exit, type SupervisedChild, type Supervisor } from '../../process/index.ts';
import { serverAccount } from './account.ts';
import { findPostgres } from './binaries.ts';
import { ensureDataDirectory } from './data-directory.ts';

export interface PostgresOptions {
  /** The one address to listen on, a loopback one. */
  host: string;
  port: number;
  /** Holds data, superuser password and log; made when absent. A second start finds its data. */
  stateDirectory: string;
  /** Starts the server; without one a supervisor of its own is made, with its journal in stateDirectory. */
  supervisor?: Supervisor;
}

/** A running PostgreSQL server. */
export interface PostgresServer {
  host: string;
  port: number;
  /** `postgres://postgres:<password>@<host>:<port>/postgres` */
  adminUrl: string;
  /** Password of the superuser `postgres`. */
  password: string;
  /** Process id of the server. */
  pid: number;
  logFile: string;
  /** Resolves when the server has ended, in whatever way. */
  exited: Promise<Exit>;
  /** Makes a database, owned by the superuser, and answers its URL. */
  createDatabase(name: string): Promise<string>;
  /** Fast shutdown: sessions are ended, everything committed is on disk. */
  stop(): Promise<void>;
}

/**
 * Starts a real PostgreSQL: password authentication (SCRAM), TCP on the one address only, no Unix socket,
 * `fsync` and `synchronous_commit` at their defaults (on). It ends when this process ends.
 *
 * @throws when it cannot start, with the end of its log
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const stateDirectory = resolve(options.stateDirectory);
  mkdirSync(stateDirectory, { recursive: true });
  const supervisor =
    options.supervisor ?? (await createSupervisor({ journal: join(stateDirectory, 'processes') }));
  const closeOwnSupervisor = async () => {
    if (options.supervisor === undefined) await supervisor.close();
  };
  try {
    const { child, logFile, password } = await launch(supervisor, { ...options, stateDirectory });
    const adminUrl = `postgres://postgres:${password}@${options.host}:${options.port}/postgres`;
    await untilReady(adminUrl, child, logFile);
    return {
      host: options.host,
      port: options.port,
      adminUrl,
      password,
      pid: child.pid,
      logFile,
      exited: child.exited,
      async createDatabase(name) {
        await query(adminUrl, `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
        return adminUrl.replace(/postgres$/, encodeURIComponent(name));
      },
      async stop() {
        await child.stop();
        await closeOwnSupervisor();
      },
    };
  } catch (error) {
    await closeOwnSupervisor();
    throw error;
  }
}

async function launch(supervisor: Supervisor, options: PostgresOptions) {
  const { host, port, stateDirectory } = options;
  const { initdb, postgres } = await findPostgres();
  const account = serverAccount([postgres, join(stateDirectory, 'data')]);
  const { dataDirectory, password } = await ensureDataDirectory({
    supervisor,
    initdb,
    account,
    stateDirectory,
  });
  const logFile = join(stateDirectory, 'postgres.log');
  const log = openSync(logFile, 'a', 0o600);
  const [program = postgres, ...prefix] = [...account.prefix, postgres];
  const settings = [`listen_addresses=${host}`, 'unix_socket_directories=', 'max_connections=200'];
  const child = await supervisor.start(
    program,
    [...prefix, '-D', dataDirectory, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every session to end by itself.
    { ...account.ids, env: { LC_ALL: 'C' }, stdio: ['ignore', log, log], stopSignal: 'SIGINT' },
  );
  closeSync(log);
  return { child, logFile, password };
}

async function untilReady(adminUrl: string, child: SupervisedChild, logFile: string): Promise<void> {
  let ended = false;
  void child.exited.then(() => {
    ended = true;
  });
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      await query(adminUrl, 'SELECT 1');
      if (ended) throw new Error('another server answers at its address');
      return;
    } catch (cause) {
      if (ended || performance.now() > deadline) {
        await child.stop();
        const log = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
        throw new Error(`PostgreSQL did not start. Its log ends:\n${log}`, { cause });
      }
      await sleep(20);
    }
  }
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
