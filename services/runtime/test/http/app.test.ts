import { Problem } from '@cofferdam/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  createApp,
  createLogger,
  createMetrics,
  ProblemError,
  Readiness,
  validate,
} from '../../src/index.ts';

const NUMBER = '4242424242424242';
const open = { config: { access: 'public' as const } };

describe('an app', () => {
  let lines: string[];
  let readiness: Readiness;
  let app: ReturnType<typeof createApp>;

  beforeEach(() => {
    lines = [];
    readiness = new Readiness();
    const write = (line: string) => lines.push(line);
    app = createApp({
      logger: createLogger({ service: 'test', level: 'info' }, { write }),
      metrics: createMetrics(),
      readiness,
      tls: 'plaintext',
    });
    const Body = z.strictObject({ card: z.strictObject({ number: z.string() }) });
    app.post('/things', open, async (request) => validate(Body, request.body));
    app.get('/things/:id', open, async () => ({ ok: true }));
    app.get('/broken', open, async () => {
      throw new Error(`an SDK quotes ${NUMBER}`);
    });
    app.get('/limited', open, async () => {
      throw new ProblemError('database_unavailable', { cause: new Error('where it is') });
    });
  });
  afterEach(() => app.close());

  const json = (payload: string) => ({
    method: 'POST' as const,
    url: '/things',
    payload,
    headers: { 'content-type': 'application/json' },
  });

  it.each([
    ['malformed JSON', json(`{"number":"${NUMBER}"`), 400, 'malformed_json'],
    ['an empty body', json(''), 400, 'malformed_json'],
    ['a prototype in JSON', json('{"__proto__":{}}'), 400, 'malformed_json'],
    ['a wrong field', json(`{"card":{"number":4242424242424242}}`), 400, 'invalid_request'],
    ['a large body', json(JSON.stringify({ x: 'x'.repeat(17_000) })), 413, 'body_too_large'],
    [
      'another content type',
      { ...json('a=1'), headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    ['no content type', { ...json('a=1'), headers: {} }, 415, 'unsupported_media_type'],
    ['an unknown path', { method: 'GET' as const, url: `/${NUMBER}` }, 404, 'not_found'],
    [
      'a path that cannot be decoded',
      { method: 'GET' as const, url: `/things/%${NUMBER}%` },
      400,
      'invalid_request',
    ],
    ['another method', { method: 'DELETE' as const, url: '/things' }, 405, 'method_not_allowed'],
    ['an error of ours', { method: 'GET' as const, url: '/limited' }, 503, 'database_unavailable'],
    ['any other error', { method: 'GET' as const, url: '/broken' }, 500, 'internal_error'],
  ])('answers %s with a problem, and repeats nothing that was sent', async (_name, request, status, code) => {
    const response = await app.inject(request);
    expect(response.headers['content-type']).toContain('application/problem+json');
    const problem = Problem.parse(response.json());
    expect(problem).toMatchObject({ status, code, type: `urn:cofferdam:problem:${code}` });
    expect(response.statusCode).toBe(status);
    expect(response.headers['x-request-id']).toBe(problem.requestId);
    expect(response.body + lines.join('')).not.toContain('4242');
  });

  it('names each wrong field', async () => {
    const response = await app.inject(json('{"card":{"number":1,"cvc":"123"},"more":1}'));
    expect(
      response
        .json()
        .errors.map((error: { field: string }) => error.field)
        .sort(),
    ).toEqual(['card.cvc', 'card.number', 'more']);
  });

  it('takes the id of a request from its caller when it is harmless', async () => {
    const idOf = async (id: string) =>
      (await app.inject({ url: '/things/1', headers: { 'x-request-id': id } })).headers['x-request-id'];
    expect(await idOf('checkout-17')).toBe('checkout-17');
    expect(await idOf(NUMBER)).toMatch(/^req_/);
    expect(await idOf('two words')).toMatch(/^req_/);
  });

  it('counts requests under the pattern of their route', async () => {
    await app.inject('/things/17');
    const { body } = await app.inject('/metrics');
    expect(body).toContain(
      'http_server_request_duration_seconds_count{http_request_method="GET",http_route="/things/:id",http_response_status_code="200"} 1',
    );
    expect(body).not.toContain('/things/17');
  });

  it('is ready when every check is, and not while it drains', async () => {
    const ready = async () => (await app.inject('/readyz')).statusCode;
    let database: true | string = 'no connection';
    readiness.add('database', () => database);
    expect([await ready(), (await app.inject('/healthz')).statusCode]).toEqual([503, 200]);
    expect((await app.inject('/readyz')).json().checks).toEqual([
      { name: 'database', ok: false, detail: 'no connection' },
    ]);
    database = true;
    expect(await ready()).toBe(200);
    readiness.drain();
    expect(await ready()).toBe(503);
  });

  it('says what is wrong by codes, and what is wrong and no reason to be asked nothing', async () => {
    const cause = Object.assign(new Error('connect to db.internal as vault'), { code: 'ECONNREFUSED' });
    readiness.add('database', () => {
      throw new ProblemError('database_unavailable', { cause });
    });
    readiness.add('key', () => ({ warning: 'KMS does not answer' }));
    expect((await app.inject('/readyz')).json()).toEqual({
      ready: false,
      checks: [
        { name: 'database', ok: false, detail: 'the check failed: database_unavailable, ECONNREFUSED' },
        { name: 'key', ok: true, detail: 'KMS does not answer' },
      ],
    });
    readiness.add('database', () => true);
    expect((await app.inject('/readyz')).json()).toMatchObject({ ready: true });
  });

  it('refuses a route that does not state its access, and one that needs rules where there are none', () => {
    expect(() => app.get('/forgotten', async () => 'x')).toThrow('does not state its access');
    const access = { permission: 'status:read', scope: 'workload' } as const;
    expect(() => app.get('/guarded', { config: { access } }, async () => 'x')).toThrow('needs access rules');
  });
});
