import { connectionOf, writeDatabaseSecret } from '@cofferdam/devcluster/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../src/migrations.ts';
import { CARDS, callerOf, card } from './support/vault-caller.ts';
import { runProcess } from './support/vault-process.ts';
import { createWorld, type World } from './support/vault-world.ts';

const newest = Math.max(...migrations.map(({ version }) => version));

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());

const run = async (command: string, env: Record<string, string>) => {
  const started = runProcess(command, env, {});
  return { status: await started.exited, output: started.output };
};

async function asOwner(text: string): Promise<void> {
  const client = new pg.Client(connectionOf(world.databases.owner));
  await client.connect();
  await client.query(text);
  await client.end();
}

// In this order: from an empty database to one that has left this code behind.
describe('a vault that is started', () => {
  it('without a setting ends with one line that names it', async () => {
    const { VAULT_ID: _, ...env } = world.environment();
    expect(await run('serve', env)).toEqual({
      status: 1,
      output: ["vault: VAULT_ID is required (the vault's identity, such as acme-prod-eu)"],
    });
  });

  it('without a certificate, or somebody who signs one, ends with one line that names both', async () => {
    const { TLS_DIR: _, ...env } = world.environment();
    const { status, output } = await run('serve', env);
    expect([status, output.length]).toEqual([1, 1]);
    expect(output[0]).toMatch(/^vault: TLS_DIR or CERTIFICATE_URL is required/);
  });

  it.each([
    [
      'KMS_KEY_ARN',
      'alias/x',
      'vault: KMS_KEY_ARN is not valid: must be the ARN of a KMS key (ARN of the KMS key that wraps the data keys)',
    ],
    ['PORT', '99999', 'vault: PORT is not valid: '],
    ['ACCESS_FILE', '/nowhere/access.json', 'vault: ACCESS_FILE is not usable: ENOENT'],
    ['DATABASE_DIR', '/nowhere', 'vault: DATABASE_DIR is not usable: ENOENT'],
  ])('with a wrong %s ends with one line that names it', async (name, value, line) => {
    const { status, output } = await run('serve', { ...world.environment(), [name]: value });
    expect([status, output.length]).toEqual([1, 1]);
    expect(output[0]).toContain(line);
  });

  it('while the database is away does not migrate, and says so in one line', async () => {
    const directory = `${world.directory}/nowhere`;
    writeDatabaseSecret(directory, { ...world.databases.owner, port: '1' });
    const { status, output } = await run('migrate', {
      ...world.environment(),
      MIGRATION_DATABASE_DIR: directory,
    });
    expect([status, output]).toEqual([1, ['vault: database_unavailable: connect ECONNREFUSED 127.0.0.1:1']]);
  });

  it('with an unknown command ends with one line', async () => {
    expect(await run('frobnicate', world.environment())).toEqual({
      status: 1,
      output: ['vault: unknown command frobnicate; wanted serve or migrate'],
    });
  });

  it('before the migration is alive and not ready, and becomes ready by itself', async () => {
    const early = runProcess('serve', world.environment(), world.tls);
    const url = await early.url();
    const readiness = await world.tls.fetch(`${url}/readyz`);
    expect(readiness.status).toBe(503);
    expect(JSON.stringify(await readiness.json())).toContain(
      `schema is 0, wanted ${newest}: the migration has not run`,
    );
    expect((await world.tls.fetch(`${url}/healthz`)).status).toBe(200);

    // Two at once, as two Jobs may: one waits for the other and finds everything done.
    expect(await Promise.all([world.migrate(), world.migrate()])).toEqual([0, 0]);
    expect(await world.migrate()).toBe(0);
    await early.ready();
    expect((await callerOf(world, url)({ path: '/v1/tokens', body: card(CARDS.visa) })).status).toBe(201);
    expect(await early.kill('SIGTERM')).toBe(0);
  });

  it('writes JSON lines alone, and opens no inspector when it is sent SIGUSR1, as Node.js would', async () => {
    const vault = await world.serve();
    process.kill(vault.pid, 'SIGUSR1');
    expect(await vault.kill('SIGTERM')).toBe(0); // drains for a second: time enough to open one
    expect(vault.output.filter((line) => !line.startsWith('{"level":'))).toEqual([]);
  });

  it('finishes what is under way when it is told to stop', async () => {
    const vault = await world.serve();
    const call = callerOf(world, await vault.url());
    const requests = Array.from({ length: 10 }, () => call({ path: '/v1/tokens', body: card(CARDS.amex) }));
    const stopped = vault.kill('SIGTERM');
    const answers = await Promise.all(requests);
    expect(answers.every((answer) => answer.status === 200 || answer.status === 201)).toBe(true);
    expect(await stopped).toBe(0);
  });

  it('for another vaultId than the database has refuses, to serve and to migrate', async () => {
    // ACCESS_FILE names the vault too, so the migration shows it first.
    const migrated = await run('migrate', { ...world.environment(), VAULT_ID: 'globex-dev' });
    expect(migrated).toEqual({
      status: 1,
      output: ['vault: VAULT_ID is globex-dev, but this database belongs to vault acme-dev'],
    });
    await asOwner("UPDATE vault_identity SET vault_id = 'globex-dev'");
    const served = await run('serve', world.environment());
    expect(served.status).toBe(1);
    expect(served.output.join()).toContain(
      'VAULT_ID is acme-dev, but this database belongs to vault globex-dev',
    );
    await asOwner("UPDATE vault_identity SET vault_id = 'acme-dev'");
  });

  it('on a newer schema serves as long as the schema says that it may', async () => {
    await asOwner("INSERT INTO schema_history (version, name, oldest_code) VALUES (101, 'expand', 2)");
    const vault = await world.serve();
    await vault.kill('SIGTERM');
    await asOwner("INSERT INTO schema_history (version, name, oldest_code) VALUES (102, 'contract', 101)");
    const { status, output } = await run('serve', world.environment());
    expect(status).toBe(1);
    expect(output.join()).toContain(
      `schema is 102 and needs code of schema 101 or newer; this code is ${newest}`,
    );
  });
});
