import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createLogger,
  createPool,
  databaseOver,
  type Migration,
  openDatabase,
  outboxMigration,
  replicationCheck,
  SchemaGate,
} from '../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.close());

const step = (version: number, sql: string, oldestCode = 1): Migration => ({
  ...{ version, name: `step-${version}`, oldestCode, sql },
});

it('an idle connection that the server ends, also while we end it, does not end the process', () => {
  const settings = { host: '127.0.0.1', port: 1, dbname: 'none', username: 'nobody', password: '' };
  const pool = createPool(settings, { applicationName: 'test' });
  // What pg-pool does with the server's last word.
  expect(() => pool.emit('error', new Error('terminating connection'), undefined as never)).not.toThrow();
});

describe('migrate()', () => {
  const first = [outboxMigration(1), step(2, 'CREATE TABLE things (id int); GRANT SELECT ON things TO :app')];

  it('applies what is missing, in order, once, and grants the serving role what a step says', async () => {
    expect(await database.migrate(first)).toEqual({ applied: [1, 2], current: 2 });
    expect(await database.migrate(first)).toEqual({ applied: [], current: 2 });
    expect((await database.app.query({ text: 'SELECT * FROM things' })).rows).toEqual([]);
    await expect(database.app.query({ text: 'INSERT INTO things VALUES (1)' })).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('lets one of several at once do it', async () => {
    const third = [...first, step(3, 'CREATE TABLE more (id int)')];
    const results = await Promise.all([1, 2, 3].map(() => database.migrate(third)));
    expect(results.map((result) => result.applied.length).sort()).toEqual([0, 0, 1]);
  });

  it('leaves nothing of a step that fails, and names it', async () => {
    const broken = [...first, step(4, 'CREATE TABLE half (id int); SELECT 1/0')];
    await expect(database.migrate(broken)).rejects.toThrow('migration 4 (step-4) failed');
    await expect(database.owner.query({ text: 'SELECT * FROM half' })).rejects.toMatchObject({
      code: '42P01',
    });
  });

  it('builds an index outside of a transaction, anew where one was interrupted, also when several are at it', async () => {
    const concurrently = `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one_thing ON things (id)`;
    const steps = [
      ...first,
      { ...step(4, ''), sql: [{ index: 'one_thing', creates: true, sql: concurrently }] },
    ];
    const valid = async () =>
      (
        await database.owner.query({
          text: "SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_thing'::regclass",
        })
      ).rows;
    await database.owner.query({ text: 'INSERT INTO things VALUES (1), (1)' });
    await expect(database.migrate(steps)).rejects.toThrow('migration 4 (step-4) failed');
    expect(await valid()).toEqual([{ indisvalid: false }]);
    await database.owner.query({ text: 'DELETE FROM things' });
    const results = await Promise.all([1, 2, 3].map(() => database.migrate(steps)));
    expect(results.map((result) => result.applied.length).sort()).toEqual([0, 0, 1]);
    expect(await valid()).toEqual([{ indisvalid: true }]);
  });

  it("refuses another vault's database", async () => {
    await expect(database.migrate(first, 'globex-dev')).rejects.toThrow(
      'VAULT_ID is globex-dev, but this database belongs to vault acme-dev',
    );
  });

  it('the gate opens for code that the schema still serves, older and newer than itself', async () => {
    const gate = (vaultId: string, ...migrations: Migration[]) =>
      new SchemaGate(database.app, { vaultId, migrations });
    expect(await gate('acme-dev', step(3, '')).check()).toBe(true);
    expect(await gate('acme-dev', step(2, '')).check()).toBe(true);
    expect(await gate('acme-dev', step(9, '')).check()).toContain('schema is 4, wanted 9');
    await expect(gate('globex-dev', step(3, '')).check()).rejects.toThrow('belongs to vault acme-dev');
    await database.migrate([...first, step(5, 'SELECT 1', 3)]);
    await expect(gate('acme-dev', step(2, '')).check()).rejects.toThrow('needs code of schema 3 or newer');
    expect(await gate('acme-dev', step(3, '')).check()).toBe(true);
  });
});

describe('replicationCheck()', () => {
  const check = (asked: boolean) => replicationCheck(database.app, { asked });
  const set = async (text: string, names: string) => {
    await database.owner.query({ text });
    await database.owner.query({ text: 'SELECT pg_reload_conf()' });
    const shown = async () =>
      (await database.app.query({ text: 'SHOW synchronous_standby_names' })).rows[0]?.[
        'synchronous_standby_names'
      ];
    await expect.poll(shown, { timeout: 20_000 }).toBe(names);
  };

  it('warns where a standby is asked for and the database has none, or waits for one that is away', async () => {
    expect(await check(false)).toBe(true);
    expect(await check(true)).toMatchObject({ warning: expect.stringContaining('on one machine') });
    await set("ALTER SYSTEM SET synchronous_standby_names = '*'", '*');
    try {
      const away = { warning: expect.stringContaining('none is connected') };
      expect([await check(false), await check(true)]).toMatchObject([away, away]);
    } finally {
      await set('ALTER SYSTEM RESET synchronous_standby_names', '');
    }
  });
});

describe('openDatabase()', () => {
  it('connects as a mounted Secret says, and anew when it changes', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'database-'));
    const write = (secret: object) => {
      for (const [key, value] of Object.entries(secret)) writeFileSync(join(directory, key), `${value}\n`);
    };
    const { host, port } = database.postgres;
    write({ host, port, dbname: 'service', username: 'app', password: 'app' });
    const logger = createLogger({ service: 'test', level: 'fatal' });
    const opened = await openDatabase({ directory, logger, intervalMs: 20 }, { applicationName: 'test' });
    const user = async () =>
      (await opened.query<{ name: string }>({ text: 'SELECT current_user AS name' })).rows[0]?.name;
    try {
      expect(await user()).toBe('app');
      const settings = await opened.query({
        text: "SELECT current_setting('synchronous_commit') AS a, current_setting('statement_timeout') AS b, current_setting('lock_timeout') AS c",
      });
      expect(settings.rows).toEqual([{ a: 'on', b: '5s', c: '2s' }]);

      const underWay = opened.transaction(async (transaction) => {
        await transaction.query({ text: 'SELECT pg_sleep(0.2)' });
        return (await transaction.query<{ name: string }>({ text: 'SELECT current_user AS name' })).rows[0]
          ?.name;
      });
      await database.owner.query({ text: "ALTER ROLE app PASSWORD 'rotated'" });
      await database.owner.query({ text: "CREATE ROLE app2 LOGIN PASSWORD 'app2'" });
      write({ username: 'app2', password: 'app2' });
      await expect.poll(user).toBe('app2');
      expect(await underWay).toBe('app');

      write({ port: 'none' }); // broken: the old one stays
      await expect.poll(user).toBe('app2');
    } finally {
      await opened.close();
      rmSync(directory, { recursive: true });
    }
  });

  it('a statement that takes too long is `overloaded`, a server that is away `database_unavailable`', async () => {
    await expect(
      database.owner.transaction(async (transaction) => {
        await transaction.query({ text: 'SET LOCAL statement_timeout = 20' });
        await transaction.query({ text: 'SELECT pg_sleep(1)' });
      }),
    ).rejects.toMatchObject({ code: 'overloaded' });
    await expect(
      database.owner.transaction(async (transaction) => {
        await transaction.query({ text: 'SELECT pg_terminate_backend(pg_backend_pid())' });
      }),
    ).rejects.toMatchObject({ code: 'database_unavailable' });
    expect((await database.owner.query({ text: 'SELECT 1 AS one' })).rows).toEqual([{ one: 1 }]);
  });

  it('a server that vanishes in the middle is `database_unavailable`, in bounded time', async () => {
    let vanished = false;
    const proxy = createServer((client) => {
      const server = connect(database.postgres.port, database.postgres.host);
      client.on('data', (data) => vanished || server.write(data)).on('error', () => undefined);
      server.on('data', (data) => vanished || client.write(data));
      client.on('close', () => server.destroy());
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const settings = { host: '127.0.0.1', port, dbname: 'service', username: 'app2', password: 'app2' };
    const beyond = databaseOver(createPool(settings, { applicationName: 'test', statementTimeoutMs: 100 }));
    const startedAt = performance.now();
    await expect(
      beyond.transaction(async (transaction) => {
        await transaction.query({ text: 'SELECT 1' });
        vanished = true;
      }),
    ).rejects.toMatchObject({ code: 'database_unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(4000);
    await beyond.close();
    proxy.close();
  });

  it('does not take a COMMIT for one that rolled back, as it does after an error that was swallowed', async () => {
    const swallowing = database.owner.transaction(async (transaction) => {
      await transaction.query({ text: 'CREATE TABLE lost (id int)' });
      await transaction.query({ text: 'SELECT 1/0' }).catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow('COMMIT was answered with ROLLBACK');
  });
});
