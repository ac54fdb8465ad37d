import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Statusz } from '@cofferdam/contracts';
import {
  connectionOf,
  createTokenIssuer,
  huntCardNumbers,
  type OtlpReceiver,
  startOtlpReceiver,
  type TokenIssuer,
} from '@cofferdam/devcluster/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { migrations } from '../src/migrations.ts';
import { readChains } from './support/audit-chains.ts';
import { newAttemptId, type RunningVault, startVault } from './support/running-vault.ts';
import { CARDS } from './support/vault-caller.ts';
import { RULES, SUBJECTS, VAULT_ID } from './support/vault-world.ts';

const SOON = { timeout: 20_000, interval: 50 };
const escaped = (text: string) => text.replace(/[{}]/g, '\\$&');

let running: RunningVault;
let collector: OtlpReceiver;
beforeAll(async () => {
  collector = await startOtlpReceiver();
  running = await startVault({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
});
afterAll(async () => {
  await running?.close();
  await collector?.close();
});

/** Of what is not there, by the names that paths have for it. */
const NAMES: Readonly<Record<string, string>> = {
  token: `tok_${'0'.repeat(26)}`,
  customer: `cus_${'0'.repeat(26)}`,
  agreement: `agr_${'0'.repeat(26)}`,
  shredding: `shred_${'0'.repeat(26)}`,
  bin: '424242',
};

describe('every route', () => {
  const { paths } = JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8')) as {
    paths: Record<string, Record<string, { description: string }>>;
  };
  const routes = Object.entries(paths).flatMap(([route, methods]) =>
    Object.entries(methods)
      .filter(([, { description }]) => description.includes('Permission:'))
      .map(([method]) => [
        method.toUpperCase(),
        route.replaceAll(/\{(\w+)\}/g, (_, name) => NAMES[name] ?? name),
      ]),
  ) as [method: string, path: string][];
  let stranger: TokenIssuer;
  beforeAll(async () => {
    stranger = await createTokenIssuer();
  });
  const send = (method: string, path: string, more: object) =>
    running.call({ method, path, ...(method === 'POST' ? { body: {} } : {}), ...more });

  it.each(routes)('%s %s refuses no token, and tokens that are not for us', async (method, path) => {
    const unauthenticated = { status: 401, body: { code: 'unauthenticated' } };
    const subject = SUBJECTS.checkout;
    const refusedTokens = [
      '',
      'Bearer nonsense',
      `Bearer ${await running.world.issuer.sign({ subject, audience: 'another' })}`,
      `Bearer ${await running.world.issuer.sign({ subject, issuedSecondsAgo: 900 })}`,
      `Bearer ${await running.world.issuer.sign({ subject, issuedSecondsAgo: -300 })}`,
      `Bearer ${await stranger.sign({ subject })}`,
    ];
    for (const authorization of refusedTokens) {
      expect(await send(method, path, { authorization })).toMatchObject(unauthenticated);
    }
  });

  it.each(routes)(
    '%s %s refuses a subject that no rule names, and another merchant',
    async (method, path) => {
      const forbidden = { status: 403, body: { code: 'forbidden' } };
      const as = { subject: 'system:serviceaccount:other:somebody' };
      expect(await send(method, path, { as })).toMatchObject(forbidden);
      if (path.startsWith('/v1/bins/')) return; // which are nobody's
      const headers = { 'cofferdam-merchant': 'globex' };
      expect(await send(method, path, { headers })).toMatchObject(forbidden);
    },
  );

  it('refuses a merchant that the caller may not act for, and asks for one where there are several', async () => {
    const path = '/v1/tokens/tok_00000000000000000000000000';
    const headers = { 'cofferdam-merchant': 'globex' };
    expect(await running.call({ path, headers })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await running.call({ path, as: 'router' })).toMatchObject({
      status: 400,
      body: { code: 'merchant_required' },
    });
  });

  it('creating a token never implies revealing one', async () => {
    const body = { grant: `grant_${'A'.repeat(43)}`, attemptId: newAttemptId(), connector: 'stripe' };
    expect(await running.call({ path: '/v1/reveals', body })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
  });

  it('an unknown path is 404 and another method 405', async () => {
    expect(await running.call({ path: '/v1/nothing' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    const answer = await running.call({ path: '/v1/tokens', method: 'PUT', rawBody: '{}' });
    expect([answer.status, answer.body.code, answer.headers.get('allow')]).toEqual([
      405,
      'method_not_allowed',
      'POST, GET',
    ]);
  });
});

describe('operations', () => {
  it('/statusz says what the operator reads', async () => {
    const newest = migrations.at(-1)?.version;
    const answer = await running.call({ path: '/statusz', as: 'operator' });
    expect(Statusz.parse(answer.body)).toMatchObject({
      service: 'vault',
      instance: 'payments-vault-0',
      vaultId: VAULT_ID,
      schema: { current: newest, wanted: newest, oldestCode: 2 },
      key: { keyArn: running.world.keyArn, state: 'usable' },
      outbox: { broker: 'none' },
    });
  });

  it('/openapi.json describes the API', async () => {
    const response = await running.world.tls.fetch(new URL('/openapi.json', await running.vault.url()));
    expect(await response.json()).toMatchObject({
      openapi: expect.stringMatching(/^3\.1/),
      paths: { '/v1/tokens': {} },
    });
  });

  it('/metrics has the names that dashboards stand on', async () => {
    const { body } = await running.tokenize(running.freshNumber());
    const { grant, attemptId, connector } = await running.grantFor(body.token);
    await running.call({ path: '/v1/reveals', as: 'stripe', body: { grant, attemptId, connector } });
    const response = await running.world.tls.fetch(new URL('/metrics', await running.vault.url()));
    const text = await response.text();
    for (const name of [
      'http_server_request_duration_seconds_bucket',
      'cofferdam_tokens_total{result="created"',
      'cofferdam_reveals_total{outcome="revealed"',
      'cofferdam_kms_request_duration_seconds_count',
      'cofferdam_outbox_unpublished',
      'cofferdam_authentication_refusals_total{reason="missing"',
      'cofferdam_commit_batch_size_bucket{work="tokenize",le="1"}',
      'cofferdam_commit_waiting 0',
      'cofferdam_kms_circuit_open 0',
      'cofferdam_data_keys_in_memory',
      'db_client_connection_count{db_client_connection_pool_name="cofferdam-vault-group-commit",db_client_connection_state="idle"}',
      'db_client_connection_max{db_client_connection_pool_name="cofferdam-vault"} 10',
      'db_client_connection_pending_requests{db_client_connection_pool_name="cofferdam-vault"}',
      'nodejs_eventloop_delay_p99_seconds',
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
    ]) {
      expect(text).toContain(name);
    }
  });

  it('/metrics counts requests and failures of each route, and how long they took', async () => {
    const route = 'http_request_method="GET",http_route="/v1/bins/:bin"';
    const counted = async (status: number) => {
      const response = await running.world.tls.fetch(new URL('/metrics', await running.vault.url()));
      const labels = `{${route},http_response_status_code="${status}"}`;
      const value = (suffix: string) =>
        Number(new RegExp(`_request_duration_seconds_${suffix}${escaped(labels)} (.+)`).exec(text)?.[1] ?? 0);
      const text = await response.text();
      return { count: value('count'), sum: value('sum') };
    };
    const [good, bad] = [await counted(200), await counted(400)];
    await running.call({ path: '/v1/bins/424242' });
    await running.call({ path: '/v1/bins/411111' });
    await running.call({ path: '/v1/bins/4' });
    // It is counted once the answer is out.
    await vi.waitFor(async () => {
      expect((await counted(200)).count).toBe(good.count + 2);
      expect((await counted(400)).count).toBe(bad.count + 1);
    }, SOON);
    expect((await counted(200)).sum).toBeGreaterThan(good.sum);
  });

  it("a tokenization is a span of its caller's trace, and linked from the batch that committed it", async () => {
    const [traceId, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    const headers = { traceparent: `00-${traceId}-${parent}-01`, 'x-request-id': 'traced' };
    const { body } = await running.tokenize(running.freshNumber(), { headers });
    const find = (name: string) => collector.spans.filter((span) => span.name === name);
    const of = (name: string) => find(name).find((span) => span.traceId === traceId);
    await vi.waitFor(() => expect(of('POST /v1/tokens')).toBeDefined(), SOON);
    const request = of('POST /v1/tokens');
    expect(request).toMatchObject({ service: 'cofferdam-vault', parentSpanId: parent, kind: 2 });
    expect(request?.attributes).toMatchObject({
      'http.route': '/v1/tokens',
      'http.response.status_code': 201,
      'cofferdam.merchant': 'acme',
      'cofferdam.request.id': 'traced',
    });
    const waits = of('commit tokenize');
    expect(waits).toMatchObject({ parentSpanId: request?.spanId });
    const link = { traceId, spanId: waits?.spanId };
    await vi.waitFor(
      () => expect(find('commit batch tokenize').flatMap(({ links }) => links)).toContainEqual(link),
      SOON,
    );
    expect(find('KMS.GenerateDataKey').map(({ kind, attributes }) => [kind, attributes])).toContainEqual([
      3,
      { 'rpc.system': 'aws-api', 'rpc.service': 'KMS', 'rpc.method': 'GenerateDataKey' },
    ]);
    const line = running.vault.output.find((text) => text.includes('"requestId":"traced"'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ trace_id: traceId, span_id: request?.spanId });
    await running.call({ path: `/v1/tokens/${body.token}` });
    await vi.waitFor(() => expect(find('GET /v1/tokens/:token')).not.toEqual([]), SOON);
    expect(Buffer.concat(collector.bodies).includes(body.token)).toBe(false);
  });

  it('the feed gives each merchant its events, in pages, in order per token', async () => {
    const { body } = await running.tokenize(running.freshNumber(), { as: 'globexShop' });
    await running.call({ path: `/v1/tokens/${body.token}`, method: 'DELETE', as: 'globexShop' });
    const events = [];
    for (let after = ''; ; ) {
      const page = (
        await running.call({ path: `/v1/events?limit=2${after && `&after=${after}`}`, as: 'globexShop' })
      ).body;
      if (page.events.length === 0) break;
      events.push(...page.events);
      after = page.next;
    }
    expect(events.every((event) => event.merchant === 'globex')).toBe(true);
    const mine = events.filter((event) => event.subject === body.token);
    expect(mine.map((event) => [event.type, event.sequence])).toEqual([
      ['token.created', 1],
      ['token.deleted', 2],
    ]);
    expect(await running.call({ path: '/v1/events?after=x' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });

  it('the audit chain of every writer holds, and the serving role can only add to it', async () => {
    expect((await readChains(running.owner)).length).toBeGreaterThan(0);

    const client = new pg.Client(connectionOf(running.world.databases.app));
    await client.connect();
    for (const text of ['UPDATE audit SET action = action', 'DELETE FROM audit', 'TRUNCATE audit']) {
      await expect(client.query(text)).rejects.toMatchObject({ code: '42501' });
    }
    await client.end();
  });

  it('rules reload without a restart; broken ones are not used', async () => {
    const subject = 'system:serviceaccount:payments-dev:new-shop';
    const path = '/v1/tokens/tok_00000000000000000000000000';
    expect((await running.call({ path, as: { subject } })).status).toBe(403);
    running.world.writeAccess([
      ...RULES,
      { subjects: ['system:serviceaccount:payments-dev:new-*'], merchants: ['acme'], allow: ['tokens:read'] },
    ]);
    await expect
      .poll(async () => (await running.call({ path, as: { subject } })).status, { timeout: 10_000 })
      .toBe(404);
    writeFileSync(join(running.world.directory, 'access/access.json'), '{"rules": "none"');
    await expect
      .poll(() => running.vault.output.some((line) => line.includes('new configuration is not usable')), {
        timeout: 10_000,
      })
      .toBe(true);
    expect((await running.call({ path, as: { subject } })).status).toBe(404);
    const ready = await running.world.tls.fetch(new URL('/readyz', await running.vault.url()));
    expect(await ready.json()).toMatchObject({
      ready: true,
      checks: expect.arrayContaining([
        { name: 'access rules', ok: true, detail: expect.stringContaining('those of before are') },
      ]),
    });
    running.world.writeAccess();
    await expect
      .poll(async () => (await running.call({ path, as: { subject } })).status, { timeout: 10_000 })
      .toBe(403);
  });

  it('while KMS is away known merchants go on and new ones get key_unavailable', async () => {
    await running.world.kms.fault({ operation: '*', drop: 'before' });
    try {
      expect((await running.tokenize(running.freshNumber())).status).toBe(201);
      running.world.writeAccess([
        ...RULES,
        { subjects: [SUBJECTS.checkout], merchants: ['initech'], allow: ['tokens:create'] },
      ]);
      const headers = { 'cofferdam-merchant': 'initech' };
      await expect
        .poll(async () => (await running.tokenize(running.freshNumber(), { headers })).body.code, {
          timeout: 20_000,
        })
        .toBe('key_unavailable');
    } finally {
      await running.world.kms.fault();
      running.world.writeAccess();
    }
  });
});

it('no card number is in a table, a log, a trace or an answer; a planted one is found', async () => {
  await running.tokenize(CARDS.visa);
  await running.tokenize(CARDS.amex, { headers: { 'x-request-id': CARDS.amex, 'user-agent': CARDS.amex } });
  await running.call({ path: `/v1/tokens/${CARDS.visa}?number=${CARDS.visa}` });
  await running.call({ path: `/${CARDS.visa}` });
  await running.call({ path: `/%${CARDS.visa}` });
  const traceparent = `00-${CARDS.visa}0000000000000001-${CARDS.visa}-01`;
  await running.call({ path: '/v1/bins/424242', headers: { traceparent, tracestate: `a=${CARDS.visa}` } });
  const last = 'b9c7c989f97918e1a2f3b4c5d6e7f809';
  const headers = { traceparent: `00-${last}-b7ad6b7169203331-01` };
  await running.call({ path: '/v1/bins/424242', headers });
  await vi.waitFor(() => expect(collector.spans.map(({ traceId }) => traceId)).toContain(last), SOON);
  expect(await running.hunt()).toEqual([]);
  const traces = { name: 'traces', content: Buffer.concat(collector.bodies) };
  expect(huntCardNumbers([traces], Object.values(CARDS))).toEqual([]);
  const planted = { name: 'planted', content: Buffer.from(`00-${CARDS.visa}-`) };
  expect(huntCardNumbers([planted], Object.values(CARDS))).toMatchObject([{ source: 'planted' }]);

  await running.owner.query(
    'UPDATE outbox SET data = $1 WHERE position = (SELECT min(position) FROM outbox)',
    [JSON.stringify({ note: Buffer.from(CARDS.visa).toString('base64') })],
  );
  expect(await running.hunt()).toMatchObject([{ source: 'table public.outbox', lastFour: '4242' }]);
});
