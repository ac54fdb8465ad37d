import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '@cofferdam/devcluster/testing';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { commonSettings } from '../../src/environment.ts';
import {
  createApp,
  createServiceClient,
  Lifecycle,
  openTelemetry,
  ProblemError,
  Readiness,
  readEnvironment,
  traceOutgoing,
} from '../../src/index.ts';
import { traceSend } from '../../src/tracing/kafka.ts';

const NUMBER = '4242424242424242';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const TOKEN = 'tok_00000000000000000000000001';
const [INTERNAL, SERVER, CLIENT, PRODUCER] = [1, 2, 3, 4];
const ERROR = 2;
const SOON = { timeout: 20_000, interval: 20 };

let collector: OtlpReceiver;
let lines: string[];
let lifecycle: Lifecycle;
/** Headers that another service got. */
let sent: IncomingHttpHeaders[];
let other: ReturnType<typeof createServer>;
let status: number;

beforeEach(async () => {
  collector = await startOtlpReceiver();
  [lines, sent, status] = [[], [], 200];
  lifecycle = new Lifecycle();
  other = createServer((request, response) => {
    sent.push(request.headers);
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await lifecycle.close(undefined, 5000);
  await collector.close();
  other.closeAllConnections();
  other.close();
});

const Settings = z.object({ ...commonSettings, VAULT_ID: z.string() });

/** A service with traces, whose one route asks another service. */
async function serve(env: Record<string, string> = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }) {
  const config = readEnvironment(Settings, {
    ...{ VAULT_ID: 'acme-dev', POD_NAME: 'payments-router-0', OTEL_BSP_SCHEDULE_DELAY: '20' },
    ...env,
  });
  const telemetry = await openTelemetry(config, {
    ...{ service: 'router', version: '1.2.3', lifecycle },
    logTo: { write: (line) => lines.push(line) },
  });
  const { logger, metrics, tracing } = telemetry;
  const port = (other.address() as AddressInfo).port;
  const client = createServiceClient({
    ...{ baseUrl: `http://127.0.0.1:${port}`, trust: { ca: () => undefined }, tracing },
    token: async () => 'ours',
  });
  lifecycle.onClose('client', () => client.close());
  const identity = {
    ...{ issuer: 'https://issuer', subject: 'checkout', claimedMerchants: [] },
    ...{ lifetimeSeconds: undefined, pod: undefined },
  };
  const app = createApp({
    ...{ ...telemetry, readiness: new Readiness(), tls: 'plaintext' as const },
    status: () => ({
      service: 'router',
      version: '1.2.3',
      instance: 'payments-router-0',
      vaultId: 'acme-dev',
    }),
    access: {
      admit: async (_wanted, { authorization }) => {
        logger.info('admitting');
        if (authorization === undefined) throw new ProblemError('unauthenticated');
        return { identity, merchants: ['acme'], merchant: 'acme' };
      },
      allowedMerchants: () => '*',
      file: () => ({ vaultId: 'acme-dev', issuers: [], rules: [] }),
      problem: () => undefined,
      close: () => undefined,
    },
  });
  const needs = { config: { access: { permission: 'tokens:read', scope: 'merchant' } as const } };
  app.post('/v1/tokens/:token/payments', needs, async () => {
    logger.info('asking');
    return client.call({
      ...{ method: 'GET', path: '/v1/tokens/{token}', parameters: { token: TOKEN } },
      answer: z.object({}),
    });
  });
  app.post('/v1/broken', needs, async () => {
    throw new Error(`an SDK quotes ${NUMBER}`);
  });
  lifecycle.onClose('app', () => app.close());
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  // Over a socket: there a body comes in events of its own.
  const post = async (path: string, headers: Record<string, string> = {}) => {
    const { statusCode, body } = await request(base + path, {
      ...{ method: 'POST', body: JSON.stringify({ number: NUMBER }) },
      headers: { authorization: 'Bearer x', 'content-type': 'application/json', ...headers },
    });
    await body.dump();
    return { statusCode };
  };
  const pay = (headers?: Record<string, string>) => post(`/v1/tokens/${TOKEN}/payments`, headers);
  return { app, base, post, pay, tracing, metrics };
}

const traceparent = (trace = TRACE, span = PARENT, flags = '01') => ({
  traceparent: `00-${trace}-${span}-${flags}`,
});
const spansOf = async (count: number): Promise<ReceivedSpan[]> => {
  await vi.waitFor(() => expect(collector.spans.length).toBeGreaterThanOrEqual(count), SOON);
  return collector.spans;
};

describe('a request', () => {
  it("is a span of its caller's trace, and hands the trace on to whom it asks", async () => {
    const { pay } = await serve();
    const answer = await pay({ ...traceparent(), 'x-request-id': 'r-1' });
    expect(answer.statusCode).toBe(200);
    const spans = await spansOf(2);
    const server = spans.find(({ kind }) => kind === SERVER);
    const client = spans.find(({ kind }) => kind === CLIENT);
    const port = (other.address() as AddressInfo).port;
    expect(server).toEqual({
      ...{ service: 'cofferdam-router', traceId: TRACE, spanId: server?.spanId, parentSpanId: PARENT },
      ...{ name: 'POST /v1/tokens/:token/payments', kind: SERVER, links: [], status: 0 },
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v1/tokens/:token/payments',
        'http.response.status_code': 200,
        'url.scheme': 'http',
        'network.protocol.version': '1.1',
        'cofferdam.request.id': 'r-1',
        'cofferdam.merchant': 'acme',
      },
    });
    expect(client).toEqual({
      ...{ service: 'cofferdam-router', traceId: TRACE, parentSpanId: server?.spanId },
      ...{ spanId: client?.spanId, name: 'GET /v1/tokens/{token}', kind: CLIENT, links: [], status: 0 },
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'server.address': '127.0.0.1',
        'server.port': port,
        'url.scheme': 'http',
        'url.template': '/v1/tokens/{token}',
      },
    });
    expect(sent.map((headers) => headers['traceparent'])).toEqual([`00-${TRACE}-${client?.spanId}-01`]);
    const logged = lines.map((line) => JSON.parse(line)).filter(({ msg }) => !msg.startsWith('Server'));
    const ids = { trace_id: TRACE, span_id: server?.spanId };
    expect(logged).toEqual([
      expect.objectContaining({ msg: 'admitting', ...ids }),
      expect.objectContaining({ msg: 'asking', ...ids }),
      expect.objectContaining({ msg: 'request', ...ids }),
    ]);
    expect(Buffer.concat(collector.bodies).toString('latin1')).not.toContain(TOKEN);
  });

  it('whose body comes late is in its trace all the same', async () => {
    const { base } = await serve();
    const head = { authorization: 'Bearer x', 'content-type': 'application/json', ...traceparent() };
    const late = send(`${base}/v1/tokens/${TOKEN}/payments`, { method: 'POST', headers: head });
    late.flushHeaders();
    await vi.waitFor(() => expect(lines.join()).toContain('admitting'), SOON);
    late.end('{}');
    const [answer] = await once(late, 'response');
    answer.resume();
    const spans = await spansOf(2);
    const server = spans.find(({ kind }) => kind === SERVER);
    expect(spans.find(({ kind }) => kind === CLIENT)).toMatchObject({ parentSpanId: server?.spanId });
  });

  it('that nobody traces yet begins a trace', async () => {
    const { pay } = await serve();
    await pay();
    const spans = await spansOf(2);
    expect(spans.map(({ name, parentSpanId }) => [name, parentSpanId === ''])).toEqual([
      ['GET /v1/tokens/{token}', false],
      ['POST /v1/tokens/:token/payments', true],
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  });

  it.each([
    ['a trace id', traceparent(`${NUMBER}0000000000000001`)],
    ['a span id', traceparent(TRACE, NUMBER)],
    ["a vendor's state", { ...traceparent(), tracestate: `shop=${NUMBER}` }],
  ])('with a card number for %s leaves it behind', async (_, headers) => {
    const { pay } = await serve();
    await pay(headers);
    await spansOf(2);
    const all = [...lines, ...sent.map((each) => JSON.stringify(each)), JSON.stringify(collector.spans)];
    expect(all.join('\n')).not.toContain(NUMBER);
    expect(Buffer.concat(collector.bodies).toString('latin1')).not.toContain(NUMBER);
    expect(Buffer.concat(collector.bodies).toString('hex')).not.toContain(NUMBER);
  });

  it('that fails says so by its status, without what the error says', async () => {
    const { post } = await serve();
    expect((await post('/v1/broken')).statusCode).toBe(500);
    expect((await post('/v1/broken', { authorization: '' })).statusCode).toBe(500);
    expect((await post('/v1/nothing')).statusCode).toBe(404);
    const spans = await spansOf(2);
    expect(spans[0]).toMatchObject({ name: 'POST /v1/broken', status: ERROR });
    expect(spans[0]?.attributes).toMatchObject({
      'error.type': '500',
      'http.response.status_code': 500,
    });
    expect(Buffer.concat(collector.bodies).toString('latin1')).not.toContain(NUMBER);
  });

  it('is not traced where its caller does not want it, and says so to the next', async () => {
    const { pay, post } = await serve();
    await pay(traceparent(TRACE, PARENT, '00'));
    await post('/v1/broken'); // is exported after the other would have been
    expect(await spansOf(1)).toMatchObject([{ name: 'POST /v1/broken' }]);
    expect(sent[0]?.['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect(sent[0]?.['traceparent']).not.toContain(PARENT);
  });

  it('for health, metrics or status is not traced', async () => {
    const { app, post } = await serve();
    const headers = { authorization: 'Bearer x' };
    for (const url of ['/healthz', '/readyz', '/metrics', '/statusz']) {
      expect((await app.inject({ url, headers })).statusCode).toBe(200);
    }
    await post('/v1/broken');
    expect((await spansOf(1)).map(({ name }) => name)).toEqual(['POST /v1/broken']);
  });
});

describe('a call that gives no answer', () => {
  it('is an error with the status, or with why', async () => {
    status = 500;
    const { pay } = await serve();
    await pay();
    other.close();
    other.closeAllConnections();
    await pay();
    const spans = (await spansOf(4)).filter(({ kind }) => kind === CLIENT);
    expect(spans.map(({ status, attributes }) => [status, attributes['error.type']])).toEqual([
      [ERROR, '500'],
      [ERROR, 'unsent'],
    ]);
  });
});

it('a party outside is asked in a span, and does not learn of the trace', async () => {
  const { tracing } = await serve();
  const request = {
    method: 'POST',
    url: new URL('https://api.stripe.com/v1/intents/pi_1'),
    propagate: false,
  };
  const headers = await traceOutgoing(tracing, request, async (outgoing) => {
    outgoing.answered(402);
    return outgoing.headers;
  });
  expect(headers).toEqual({});
  const [span] = await spansOf(1);
  expect(span).toMatchObject({ name: 'POST', kind: CLIENT, status: ERROR });
  expect(span?.attributes).toEqual({
    'http.request.method': 'POST',
    'http.response.status_code': 402,
    'error.type': '402',
    'server.address': 'api.stripe.com',
    'server.port': 443,
    'url.scheme': 'https',
  });
});

it('what is sent to Kafka is a trace of its own', async () => {
  const { tracing } = await serve();
  await tracing?.inSpan('work', {}, () =>
    traceSend(tracing, { topic: 'acme-dev.tokens', records: 3 }, async () => undefined),
  );
  const [send, work] = await spansOf(2);
  expect(work).toMatchObject({ name: 'work', kind: INTERNAL });
  expect(send).toMatchObject({ name: 'send acme-dev.tokens', kind: PRODUCER, parentSpanId: '' });
  expect(send?.attributes).toMatchObject({
    'messaging.system': 'kafka',
    'messaging.destination.name': 'acme-dev.tokens',
    'messaging.batch.message_count': 3,
  });
  expect(send?.traceId).not.toBe(work?.traceId);
});

describe('sampling', () => {
  it('keeps what OTEL_TRACES_SAMPLER says, and what is linked to something kept', async () => {
    const { tracing, pay } = await serve({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
    });
    const link = (traceFlags: number) => ({ context: { traceId: TRACE, spanId: PARENT, traceFlags } });
    await pay();
    tracing?.start('of unkept', { root: true, links: [link(0), link(0)] }).span.end();
    tracing?.start('of kept', { root: true, links: [link(0), link(1)] }).span.end();
    await pay(traceparent());
    const spans = await spansOf(3);
    expect(spans.map(({ name }) => name)).toEqual([
      'of kept',
      'GET /v1/tokens/{token}',
      'POST /v1/tokens/:token/payments',
    ]);
    expect(spans[0]?.links).toHaveLength(2);
  });
});

describe('without a collector', () => {
  it.each([
    ['no endpoint', {}],
    ['OTEL_SDK_DISABLED', { OTEL_SDK_DISABLED: 'true' }],
    ['OTEL_TRACES_EXPORTER=none', { OTEL_TRACES_EXPORTER: 'none' }],
  ])('there are no traces: %s', async (what, env) => {
    const endpoint = what === 'no endpoint' ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const { tracing, pay } = await serve({ ...endpoint, ...env });
    expect(tracing).toBeUndefined();
    expect((await pay(traceparent())).statusCode).toBe(200);
    expect(sent[0]?.['traceparent']).toBeUndefined();
    expect(lines.join()).not.toContain('trace_id');
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_TRACES_SAMPLER_ARG', '2'],
  ])('a setting that is wrong stops the start: %s', async (name, value) => {
    await expect(serve({ [name]: value })).rejects.toThrow(name);
  });
});

describe('a collector that is away', () => {
  it('fails no request, is logged once, counted, and told of the rest when it is back', async () => {
    collector.answer(400);
    const { pay, metrics } = await serve();
    for (let i = 0; i < 3; i++) {
      expect((await pay()).statusCode).toBe(200);
      await vi.waitFor(() => expect(collector.bodies.length).toBeGreaterThan(i), SOON);
    }
    const failed = /cofferdam_spans_exported_total\{outcome="failed"[^}]*\} [1-9]/;
    await vi.waitFor(async () => expect(await metrics.text()).toMatch(failed), SOON);
    collector.answer(200);
    await pay(traceparent());
    await vi.waitFor(() => expect(collector.spans.map(({ traceId }) => traceId)).toContain(TRACE), SOON);
    expect(lines.filter((line) => line.includes('traces cannot be exported'))).toHaveLength(1);
  });

  it('keeps nobody from stopping', async () => {
    const { pay } = await serve({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_BSP_SCHEDULE_DELAY: '60000',
    });
    await pay();
    expect(await lifecycle.close(undefined, 10_000)).toBe(true);
  });
});

it('what has not been sent yet is sent when the process stops', async () => {
  const { pay } = await serve({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '60000',
  });
  await pay();
  expect(collector.spans).toEqual([]);
  expect(await lifecycle.close(undefined, 10_000)).toBe(true);
  expect(collector.spans).toHaveLength(2);
});
