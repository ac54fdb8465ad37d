import { randomUUID } from 'node:crypto';
import type { Event, Statusz } from '@cofferdam/contracts';
import { connectionOf, writeDatabaseSecret } from '@cofferdam/devcluster/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import { readChains } from './support/audit-chains.ts';
import { cardNumber } from './support/card-numbers.ts';
import { lossyDatabase } from './support/lossy-database.ts';
import { type Caller, callerOf, card } from './support/vault-caller.ts';
import { createWorld, SUBJECTS, type World } from './support/vault-world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.migrate();
});
afterAll(() => world?.close());

const ulid = () => randomUUID().replaceAll('-', '').slice(0, 26);

async function reveal(call: Caller, token: string) {
  const grantee = { attemptId: `att_${ulid()}`, connector: 'stripe' };
  const { body } = await call({
    path: '/v1/reveal-grants',
    as: 'router',
    headers: { 'cofferdam-merchant': 'acme' },
    body: { ...grantee, token, paymentId: `pay_${ulid()}`, subject: SUBJECTS.stripe, purpose: 'charge' },
  });
  return call({ path: '/v1/reveals', as: 'stripe', body: { ...grantee, grant: body.grant } });
}

async function readFeed(call: Caller): Promise<z.infer<typeof Event>[]> {
  const events: z.infer<typeof Event>[] = [];
  for (let after = ''; ; ) {
    const { body } = await call({ path: `/v1/events?limit=500${after && `&after=${after}`}` });
    if (body.events.length === 0) return events;
    events.push(...body.events);
    after = body.next;
  }
}

describe('a vault that is killed during a burst of tokenize calls', () => {
  it('has lost no acknowledged token, and a repeated request gets the token that it was not told', async () => {
    const sent: { number: string; key: string; token?: string }[] = [];
    let call: Caller = async () => {
      throw new Error('not started');
    };
    const send = async (request: { number: string; key: string; token?: string }) => {
      const headers = { 'idempotency-key': request.key };
      const answer = await call({ path: '/v1/tokens', body: card(request.number), headers }).catch(
        () => undefined,
      );
      if (answer?.status === 201) request.token = answer.body.token;
      return answer;
    };
    for (let round = 0; round < 2; round++) {
      const vault = await world.serve();
      call = callerOf(world, await vault.url());
      await send({ number: cardNumber(0), key: randomUUID() }); // the merchant's keys are there
      let killed = false;
      const caller = async () => {
        while (!killed) {
          const request = { number: cardNumber(sent.length + 1), key: randomUUID() };
          sent.push(request);
          await send(request);
        }
      };
      const callers = Array.from({ length: 16 }, caller);
      const enough = 30 * (round + 1);
      const isAcknowledged = ({ token }: { token?: string }) => token !== undefined;
      await vi.waitFor(() => expect(sent.filter(isAcknowledged).length).toBeGreaterThan(enough), {
        timeout: 60_000,
      });
      await vault.kill('SIGKILL');
      killed = true;
      await Promise.all(callers);
    }

    const acknowledged = sent.filter((request) => request.token !== undefined);
    const doubtful = sent.filter((request) => request.token === undefined);
    expect(acknowledged.length).toBeGreaterThan(50);
    expect(doubtful.length).toBeGreaterThan(0);

    const vault = await world.serve();
    call = callerOf(world, await vault.url());
    for (const request of doubtful) expect((await send(request))?.status).toBe(201);
    for (const request of sent.slice(0, 150)) {
      expect((await reveal(call, request.token ?? '')).body.card['number']).toBe(request.number);
    }
    const created = (await readFeed(call)).filter((event) => event.type === 'token.created');
    const tokensOfEvents = created.map((event) => event.subject);
    expect(new Set(tokensOfEvents).size).toBe(tokensOfEvents.length);
    for (const request of sent) expect(tokensOfEvents).toContain(request.token);
    expect(new Set(created.map((event) => event.sequence))).toEqual(new Set([1]));
    await expectAuditToHold(sent.map((request) => request.token ?? ''));
    await vault.kill('SIGKILL');
  });
});

async function expectAuditToHold(tokens: string[]): Promise<void> {
  const client = new pg.Client(connectionOf(world.databases.owner));
  await client.connect();
  const links = await readChains(client);
  await client.end();
  const audited = new Set(links.filter(({ action }) => action === 'token.created').map(({ token }) => token));
  for (const token of tokens) expect(audited).toContain(token);
}

describe('a vault whose COMMIT is carried out and never answered', () => {
  it('settles it by the idempotency key and answers with the one token', async () => {
    const database = await lossyDatabase(world.postgres);
    try {
      const directory = `${world.directory}/lossy-database`;
      writeDatabaseSecret(directory, {
        ...world.databases.app,
        host: '127.0.0.1',
        port: String(database.port),
      });
      const vault = await world.serve({ DATABASE_DIR: directory });
      const call = callerOf(world, await vault.url());
      await call({ path: '/v1/tokens', body: card(cardNumber(900_000)) });

      database.loseCommitAnswers(1);
      const answer = await call({ path: '/v1/tokens', body: card(cardNumber(900_001)) });
      expect([answer.status, database.lost()]).toEqual([201, 1]);
      expect(await call({ path: '/v1/tokens', body: card(cardNumber(900_001)) })).toMatchObject({
        status: 200,
        body: { token: answer.body.token },
      });
      // A grant and a reveal have no idempotency key: the audit says that they were committed, and once each.
      database.loseCommitAnswers(2);
      const revealed = await reveal(call, answer.body.token);
      expect([revealed.status, revealed.body.card['number'], database.lost()]).toEqual([
        ...[200, cardNumber(900_001), 3],
      ]);
      const next = await call({ path: '/v1/tokens', body: card(cardNumber(900_002)) });
      expect(next.status).toBe(201);
      // A deletion has none either: the token's row says that it was committed.
      database.loseCommitAnswers(1);
      const deleted = await call({ method: 'DELETE', path: `/v1/tokens/${next.body.token}` });
      expect([deleted.status, database.lost()]).toEqual([204, 4]);
      await expectAuditToHold([answer.body.token, next.body.token]);
      expect(await vault.kill('SIGTERM')).toBe(0);
    } finally {
      database.close();
    }
  });
});

describe('a vault that was asked for synchronous replication', () => {
  it('warns while there is none, and acknowledges nothing that no standby has, also when a session is ended over it', async () => {
    const vault = await world.serve({ DATABASE_SYNCHRONOUS_REPLICATION: 'true' });
    const url = await vault.url();
    const call = callerOf(world, url);
    const readiness = async () => {
      const response = await world.tls.fetch(`${url}/readyz`);
      const { checks } = (await response.json()) as {
        checks: { name: string; ok: boolean; detail?: string }[];
      };
      return { status: response.status, ...checks.find(({ name }) => name === 'replication') };
    };
    const status = async () => (await call({ path: '/statusz', as: 'operator' })).body as unknown as Statusz;
    expect(await readiness()).toMatchObject({
      ...{ status: 200, ok: true },
      detail: expect.stringContaining('no synchronous_standby_names'),
    });
    expect((await status()).replication).toEqual({ asked: true, waits: false, standbys: 0 });
    expect(await (await world.tls.fetch(`${url}/metrics`)).text()).toMatch(
      /^cofferdam_database_synchronous_standbys\S* 0/m,
    );
    await call({ path: '/v1/tokens', body: card(cardNumber(910_000)) });

    const admin = new pg.Client({ connectionString: world.postgres.adminUrl });
    await admin.connect();
    const waiting = async () => {
      const { rows } = await admin.query<{ pid: number; query: string }>(
        "SELECT pid, query FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
      );
      return rows;
    };
    try {
      await admin.query("ALTER SYSTEM SET synchronous_standby_names = 'a_standby_that_is_not_there'");
      await admin.query('SELECT pg_reload_conf()');
      let acknowledged = false;
      const headers = { 'idempotency-key': randomUUID() };
      const request = { path: '/v1/tokens', body: card(cardNumber(910_001)), headers };
      const answer = call(request).then((one) => {
        acknowledged = true;
        return one;
      });
      const batch = await vi.waitFor(
        async () => {
          const found = (await waiting()).find(({ query }) => query.includes('INSERT INTO tokens'));
          return found ?? expect.fail('the batch does not wait yet');
        },
        { timeout: 30_000 },
      );
      expect((await readiness()).detail).toContain('none is connected');
      // It is committed from here on, and everybody sees it, but no standby has it.
      await admin.query('SELECT pg_terminate_backend($1)', [batch.pid]);
      await vi.waitFor(
        async () =>
          expect((await waiting()).map(({ query }) => query).join()).toContain('pg_logical_emit_message'),
        { timeout: 30_000 },
      );
      expect(acknowledged).toBe(false);
      await admin.query('ALTER SYSTEM RESET synchronous_standby_names');
      await admin.query('SELECT pg_reload_conf()');
      const { status: code, body } = await answer;
      expect([code, (await call(request)).body.token]).toEqual([201, body.token]);
    } finally {
      await admin.query('ALTER SYSTEM RESET synchronous_standby_names');
      await admin.query('SELECT pg_reload_conf()');
      await admin.end();
      await vault.kill('SIGKILL');
    }
  });
});
