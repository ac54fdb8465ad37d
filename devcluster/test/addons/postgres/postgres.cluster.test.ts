import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../../src/addons/free-port.ts';
import {
  type DatabaseCredentials,
  type PostgresServer,
  provisionDatabases,
  startPostgres,
  startTestPostgres,
} from '../../../src/addons/index.ts';
import { isRunning } from '../../../src/process/index.ts';

/** Runs one statement with a connection of its own; an error of PostgreSQL is answered as its code. */
async function run(credentials: DatabaseCredentials | string, sql: string, database?: string) {
  const client = new pg.Client(
    typeof credentials === 'string'
      ? { connectionString: credentials }
      : {
          ...credentials,
          port: Number(credentials.port),
          user: credentials.username,
          database: database ?? credentials.dbname,
        },
  );
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } catch (error) {
    return error instanceof pg.DatabaseError ? error.code : String(error);
  } finally {
    await client.end().catch(() => {});
  }
}

describe('the databases of a vault', () => {
  let server: PostgresServer;
  let databases: Awaited<ReturnType<typeof provisionDatabases>>;
  const insufficientPrivilege = '42501';
  beforeAll(async () => {
    server = await startTestPostgres();
    databases = await provisionDatabases(server.adminUrl, { host: server.host, port: server.port });
  });
  afterAll(() => server.stop());

  test('let no role of one connect to the other, nor to the superuser database', async () => {
    const { vault, router } = databases;
    expect(await run(vault.app, 'SELECT 1', 'router')).toBe(insufficientPrivilege);
    expect(await run(vault.owner, 'SELECT 1', 'router')).toBe(insufficientPrivilege);
    expect(await run(router.app, 'SELECT 1', 'vault')).toBe(insufficientPrivilege);
    expect(await run(router.app, 'SELECT 1', 'postgres')).toBe(insufficientPrivilege);
    expect(await run(router.app, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('let only the owner make tables, and the app role see what it is granted', async () => {
    const { vault } = databases;
    expect(await run(vault.app, 'CREATE TABLE mine (a int)')).toBe(insufficientPrivilege);
    expect(await run(vault.owner, 'CREATE TABLE tokens AS SELECT 1 AS a')).toEqual([]);
    expect(await run(vault.app, 'SELECT a FROM tokens')).toBe(insufficientPrivilege);
    expect(await run(vault.owner, 'GRANT SELECT ON tokens TO vault_app')).toEqual([]);
    expect(await run(vault.app, 'SELECT a FROM tokens')).toEqual([{ a: 1 }]);
  });

  test('want a password', async () => {
    expect(await run({ ...databases.vault.app, password: 'wrong' }, 'SELECT 1')).toBe('28P01');
    expect(
      await run(
        server.adminUrl,
        'SELECT DISTINCT left(rolpassword, 13) AS kind FROM pg_authid WHERE rolcanlogin',
      ),
    ).toEqual([{ kind: 'SCRAM-SHA-256' }]);
  });

  test('are on a server that is durable as PostgreSQL is by default', async () => {
    const settings = await run(
      server.adminUrl,
      "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') ORDER BY 1",
    );
    expect(settings).toEqual([
      { name: 'fsync', setting: 'on' },
      { name: 'full_page_writes', setting: 'on' },
      { name: 'synchronous_commit', setting: 'on' },
    ]);
  });

  test('are reached at the one address only', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter((address) => address.family === 'IPv4' && address.address !== server.host)
      .map((address) => address.address);
    for (const address of [...others, '127.0.0.2'])
      expect(await run(server.adminUrl.replace(server.host, address), 'SELECT 1')).toContain('ECONNREFUSED');
  });

  test('keep roles and data, and get new passwords, when provisioned again', async () => {
    const again = await provisionDatabases(server.adminUrl, { host: server.host, port: server.port });
    expect(await run(databases.router.app, 'SELECT 1')).toBe('28P01');
    expect(await run(again.router.app, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(
      await run(again.vault.owner, "SELECT count(*)::int FROM pg_tables WHERE tablename = 'tokens'"),
    ).toEqual([{ count: 1 }]);
  });
});

describe('a PostgreSQL server', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'cofferdam-test-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('keeps its data over a restart, in a directory that others may not enter', async () => {
    // mkdtemp makes the directory 0700: as root the server runs as somebody else and has to get through
    const options = {
      host: '127.0.0.1',
      port: await freePort('127.0.0.1'),
      stateDirectory: join(directory, 'a'),
    };
    const first = await startPostgres(options);
    const url = await first.createDatabase('some "name"');
    await run(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    expect(isRunning(first.pid)).toBe(false);

    const second = await startPostgres(options);
    expect(await run(url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  test('says why it cannot start', async () => {
    const server = await startTestPostgres();
    const stateDirectory = join(directory, 'b');
    await expect(startPostgres({ host: server.host, port: server.port, stateDirectory })).rejects.toThrow(
      /did not start[\s\S]*Address already in use/,
    );
    await server.stop();
  });

  test('of a test is gone, directory included, when the test process is killed', async () => {
    const fixture = fileURLToPath(new URL('./fixtures/start-and-wait.ts', import.meta.url));
    const parent = spawn(process.execPath, [fixture], { stdio: ['ignore', 'pipe', 'inherit'] });
    const { pid, logFile } = await new Promise<{ pid: number; logFile: string }>((resolve, reject) => {
      parent.stdout.once('data', (line) => resolve(JSON.parse(String(line))));
      parent.once('exit', () => reject(new Error('the fixture ended early')));
    });
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 10_000 });
    await vi.waitFor(() => expect(existsSync(dirname(logFile))).toBe(false), { timeout: 10_000 });
  });

  test('that survived the end of everything else makes way for the next start', async () => {
    const stateDirectory = join(directory, 'c');
    mkdirSync(stateDirectory);
    const options = { host: '127.0.0.1', port: await freePort('127.0.0.1'), stateDirectory };
    const first = await startPostgres(options);
    expect(readFileSync(join(stateDirectory, 'processes'), 'utf8')).toContain(String(first.pid));
    const second = await startPostgres(options); // as after a crash: nobody stopped the first
    expect(isRunning(first.pid)).toBe(false);
    expect(await run(second.adminUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.stop();
    await first.stop();
  });
});
