import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { BenchError } from '../errors.ts';

export type Baseline = { transactionsPerSecond: number; by: string };

/** About as long as a sealed card. */
const SEALED = 'a5'.repeat(110);

/** A record by a random key, and a row of an outbox: one durable transaction, one round trip. */
const insertion = (id: string): string => `WITH record AS (
  INSERT INTO baseline_records (id, sealed) VALUES (${id}, '\\x${SEALED}'))
INSERT INTO baseline_outbox (record, type) VALUES (${id}, 'token.created')`;

export async function prepareBaseline(adminUrl: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    await client.query(`CREATE TABLE baseline_records (id bigint PRIMARY KEY, sealed bytea NOT NULL);
      CREATE TABLE baseline_outbox (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, record bigint NOT NULL, type text NOT NULL)`);
  });
}

export type BaselineOptions = {
  connections: number;
  seconds: number;
  signal: AbortSignal;
  /** In which pgbench is looked for. */
  path: string | undefined;
};

/** How many such transactions PostgreSQL does, by pgbench, or where that is not installed by `pg`. */
export async function measureBaseline(adminUrl: string, options: BaselineOptions): Promise<Baseline> {
  // Both would meet the same random ids again.
  await withClient(adminUrl, (client) => client.query('TRUNCATE baseline_records, baseline_outbox'));
  return (await byPgbench(adminUrl, options)) ?? byPg(adminUrl, options);
}

async function byPgbench(
  adminUrl: string,
  { connections, seconds, signal, path }: BaselineOptions,
): Promise<Baseline | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-pgbench-'));
  const script = join(directory, 'two-rows.sql');
  writeFileSync(
    script,
    `\\set id random(1, 9000000000000000000)\n${insertion(':id').replaceAll('\n', ' ')};\n`,
  );
  const { hostname, port, username, password, pathname } = new URL(adminUrl);
  const args = [
    ...['-h', hostname, '-p', port, '-U', username, '-n', '-M', 'prepared', '-f', script],
    ...['-c', String(connections), '-j', '2', '-T', String(seconds), pathname.slice(1)],
  ];
  const env = { PATH: path, PGPASSWORD: password, PGOPTIONS: '-c synchronous_commit=on' };
  try {
    const { stdout } = await promisify(execFile)('pgbench', args, { env, signal });
    const tps = /^tps = ([\d.]+)/m.exec(stdout)?.[1];
    if (tps === undefined) throw new BenchError('invalid', `pgbench did not say its rate:\n${stdout}`);
    return { transactionsPerSecond: Number(tps), by: /^pgbench.*/m.exec(stdout)?.[0] ?? 'pgbench' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function byPg(adminUrl: string, { connections, seconds, signal }: BaselineOptions): Promise<Baseline> {
  const endsAt = performance.now() + seconds * 1000;
  let done = 0;
  const session = () =>
    withClient(adminUrl, async (client) => {
      const statement = { name: 'two-rows', text: insertion('$1::bigint') };
      while (performance.now() < endsAt) {
        signal.throwIfAborted();
        await client.query({ ...statement, values: [Math.floor(Math.random() * 2 ** 53)] });
        done++;
      }
    });
  await Promise.all(Array.from({ length: connections }, session));
  return {
    transactionsPerSecond: done / seconds,
    by: 'prepared statements of pg (pgbench is not installed)',
  };
}

/** As PostgreSQL says: what a figure about durable writes says nothing without. */
export async function durabilitySettings(adminUrl: string): Promise<Record<string, string>> {
  const names = [
    ...[
      'server_version',
      'fsync',
      'synchronous_commit',
      'full_page_writes',
      'wal_sync_method',
      'commit_delay',
    ],
    ...['shared_buffers', 'max_wal_size'],
  ];
  return withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ name: string; setting: string }>(
      'SELECT name, current_setting(name) AS setting FROM unnest($1::text[]) AS name',
      [names],
    );
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  });
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
