import { setTimeout as sleep } from 'node:timers/promises';
import { Statusz } from '@cofferdam/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from './fixtures/client.ts';
import { type Stack, SUBJECTS, startStack } from './fixtures/stack.ts';

const APPROVED = '4242424242424242';
type Problem = { code: string; errors?: { field: string }[] };
let stack: Stack;
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  stack = await startStack();
  client = createClient(stack);
});
afterAll(() => stack.close());

const post = (body: unknown, headers: Record<string, string> = { 'idempotency-key': 'k' }) =>
  client.call<Problem>('POST', '/v1/payments', { body, headers });

describe('every route', () => {
  const routes = [
    ['POST', '/v1/payments'],
    ['GET', '/v1/payments/pay_00000000000000000000000000'],
    ['GET', '/v1/events'],
    ['GET', '/statusz'],
  ] as const;

  it.each(routes)('%s %s wants a token', async (method, path) => {
    expect(await client.call<Problem>(method, path, { subject: '' })).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
  });

  it.each(routes)('%s %s wants a permission', async (method, path) => {
    expect(await client.call<Problem>(method, path, { subject: SUBJECTS.stranger })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
  });

  it('refuses a merchant that the identity does not have', async () => {
    const headers = { 'cofferdam-merchant': 'globex', 'idempotency-key': 'k' };
    expect(await post({}, headers)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it("shows nothing of another merchant's payments", async () => {
    const { body } = await client.pay(APPROVED);
    const { status } = await client.call('GET', `/v1/payments/${body.id}`, { subject: SUBJECTS.globexShop });
    expect(status).toBe(404);
    const feed = await client.call<{ events: unknown[] }>('GET', '/v1/events', {
      subject: SUBJECTS.globexShop,
    });
    expect(feed.body.events).toEqual([]);
  });
});

describe('POST /v1/payments refuses', () => {
  const valid = () => ({ token: stack.vault.tokenize(APPROVED), amount: 1050, currency: 'EUR' });

  it('malformed JSON, and what is not JSON', async () => {
    expect(await post('{"token"')).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
    const answer = await client.call<Problem>('POST', '/v1/payments', {
      body: 'token=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  it.each([
    ['an unknown field', { colour: 'red' }, 'colour'],
    ['a card', { card: { number: APPROVED } }, 'card'],
    ['a card number as token', { token: APPROVED }, 'token'],
    ['a card number as reference', { reference: `card ${APPROVED}` }, 'reference'],
    ['a card number in metadata', { metadata: { note: '4242 4242 4242 4242' } }, 'metadata'],
    ['no amount', { amount: undefined }, 'amount'],
    ['a zero amount', { amount: 0 }, 'amount'],
    ['a fraction', { amount: 10.5 }, 'amount'],
    ['a lower-case currency', { currency: 'eur' }, 'currency'],
    ['a reference with NUL', { reference: 'a\0b' }, 'reference'],
    ['metadata with half a character', { metadata: { note: '\ud800' } }, 'metadata.note'],
    ['a card number before its expiry', { reference: `${APPROVED} 12/30` }, 'reference'],
  ])('%s, naming the field', async (_name, change, field) => {
    const { status, body } = await post({ ...valid(), ...change });
    expect([status, body.code, body.errors?.[0]?.field]).toEqual([400, 'invalid_request', field]);
    expect(JSON.stringify(body)).not.toMatch(/4242 ?4242/);
  });

  it('a missing idempotency key, and one that is none', async () => {
    const errors = [{ field: 'idempotency-key' }];
    expect(await post(valid(), {})).toMatchObject({
      status: 400,
      body: { code: 'idempotency_key_missing', errors },
    });
    expect(await post(valid(), { 'idempotency-key': 'two words' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors },
    });
  });

  it('an unknown currency', async () => {
    expect(await post({ ...valid(), currency: 'XYZ' })).toMatchObject({
      status: 422,
      body: { code: 'unknown_currency', errors: [{ field: 'currency' }] },
    });
  });

  it('a token of another merchant, and one that does not exist', async () => {
    for (const token of [stack.vault.tokenize(APPROVED, 'globex'), `tok_${'z'.repeat(26)}`]) {
      expect(await post({ ...valid(), token })).toMatchObject({
        status: 404,
        body: { code: 'token_not_found' },
      });
    }
  });

  it('to guess when the vault does not answer', async () => {
    stack.vault.failures.set('/v1/tokens', 'internal_error');
    expect(await post(valid(), { 'idempotency-key': 'vault-away' })).toMatchObject({
      status: 503,
      body: { code: 'vault_unavailable' },
    });
    stack.vault.failures.clear();
    expect((await post(valid(), { 'idempotency-key': 'vault-away' })).status).toBe(201);
  });
});

describe('the routing file', () => {
  it('counts from its next reading on, without a restart', async () => {
    stack.writeRouting((file) => ({
      ...file,
      rules: [{ when: { currencies: ['USD'] }, to: [{ connector: 'adyen', weight: 1 }] }],
    }));
    await sleep(2500);
    const { body } = await client.pay(APPROVED, { currency: 'USD' });
    expect(body.attempts.map(({ connector }) => connector)).toEqual(['adyen']);
    expect(body.selection.reasons).toEqual(['rule 1 matches', 'adyen: weight 1']);
  });

  it('is not used while it is malformed', async () => {
    stack.writeRouting((file) => ({ ...file, connectors: [{ name: 'broken' } as never] }));
    await sleep(2500);
    expect((await client.pay(APPROVED)).body.status).toBe('captured');
  });
});

describe('the operations routes', () => {
  it('say what the schema and the outbox are', async () => {
    const { status, body } = await client.call<Statusz>('GET', '/statusz', { subject: SUBJECTS.operator });
    expect(status).toBe(200);
    expect(Statusz.parse(body)).toMatchObject({
      service: 'router',
      vaultId: 'acme-dev',
      schema: { current: 4, wanted: 4, oldestCode: 2 },
      outbox: { broker: 'none' },
      certificate: { expiresAt: expect.any(String) },
    });
  });

  it('count payments and say whether the process is ready, without a token', async () => {
    await client.pay(APPROVED);
    const read = async (path: string) => (await stack.tls.fetch(stack.router().url + path)).text();
    expect(await read('/metrics')).toMatch(/cofferdam_payments_total\{status="captured"\} [1-9]/);
    expect(JSON.parse(await read('/readyz'))).toMatchObject({ ready: true });
    expect(JSON.parse(await read('/healthz'))).toEqual({ status: 'ok' });
  });

  it('say how many payments are unknown, and for how long the oldest has been', async () => {
    const text = async () => (await stack.tls.fetch(`${stack.router().url}/metrics`)).text();
    const none = await text();
    expect(none).toContain('\ncofferdam_unknown_payments 0\n');
    expect(none).toContain('\ncofferdam_oldest_unknown_payment_age_seconds 0\n');
    const ids = [];
    for (const amount of [50_001, 50_001, 1050]) ids.push((await client.pay(APPROVED, { amount })).body.id);
    await stack.admin.query(
      "UPDATE payments SET updated_at = updated_at - interval '1 hour' WHERE id = ANY ($1)",
      [[ids[1], ids[2]]],
    );
    const some = await text();
    expect(some).toContain('\ncofferdam_unknown_payments 2\n');
    expect(some).toMatch(/^cofferdam_oldest_unknown_payment_age_seconds 36\d\d/m);
  });

  it('serve the OpenAPI document to everybody', async () => {
    const { status, body } = await client.call<{ openapi: string }>('GET', '/openapi.json', { subject: '' });
    expect([status, body.openapi]).toEqual([200, '3.1.1']);
  });
});
