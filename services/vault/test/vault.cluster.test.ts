import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Statusz, TokenRecord } from '@cofferdam/contracts';
import { dumpDatabase, huntCardNumbers } from '@cofferdam/devcluster/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditLink, firstBrokenLink } from '../src/domain/audit-chain.ts';
import { CARDS, type Caller, callerOf, card } from './support/vault-caller.ts';
import type { VaultProcess } from './support/vault-process.ts';
import { createWorld, RULES, SUBJECTS, VAULT_ID, type World } from './support/vault-world.ts';

let world: World;
let vault: VaultProcess;
let call: Caller;
let owner: pg.Pool;
const answers: string[] = [];

beforeAll(async () => {
  world = await createWorld();
  expect(await world.migrate()).toBe(0);
  vault = await world.serve();
  const plain = callerOf(world, await vault.url());
  call = async (request) => {
    const answer = await plain(request);
    // A reveal is the one answer that may hold a card number.
    if (request.path !== '/v1/reveals' || answer.status !== 200)
      answers.push(JSON.stringify(answer.body ?? ''));
    return answer;
  };
  const { owner: role } = world.databases;
  owner = new pg.Pool({ ...role, user: role.username, database: role.dbname, port: Number(role.port) });
});

afterAll(async () => {
  await owner?.end();
  await world?.close();
});

const tokenize = (
  number: string,
  more: { as?: 'globexShop'; headers?: Record<string, string>; card?: object } = {},
) =>
  call({
    path: '/v1/tokens',
    body: card(number, { ...more.card }),
    ...(more.as ? { as: more.as } : {}),
    headers: more.headers ?? {},
  });

/** Test numbers that pass Luhn, a new one at each call. */
let serial = 0;
function freshNumber(): string {
  const body = `411111${String(++serial).padStart(9, '0')}`;
  const check = [...'0123456789'].find((digit) => luhn(body + digit));
  return body + check;
}
const luhn = (digits: string) =>
  [...digits].reverse().reduce((sum, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 1 : 2);
    return sum + (value > 9 ? value - 9 : value);
  }, 0) %
    10 ===
  0;

const ulid = () => randomUUID().replaceAll('-', '').slice(0, 26);

async function grantFor(token: string, more: Record<string, unknown> = {}) {
  const attemptId = `att_${ulid()}`;
  const answer = await call({
    path: '/v1/reveal-grants',
    as: 'router',
    headers: { 'cofferdam-merchant': 'acme' },
    body: {
      token,
      paymentId: `pay_${ulid()}`,
      attemptId,
      connector: 'stripe',
      subject: SUBJECTS.stripe,
      purpose: 'charge',
      ...more,
    },
  });
  return { attemptId, connector: 'stripe', grant: answer.body.grant, answer };
}

describe('POST /v1/tokens', () => {
  it('answers 201 with a token and what may be shown of the card', async () => {
    const answer = await tokenize(CARDS.visa, { card: { holderName: 'Ada Lovelace' } });
    expect(answer.status).toBe(201);
    expect(TokenRecord.parse(answer.body)).toMatchObject({
      token: expect.stringMatching(/^tok_[0-9a-z]{26}$/),
      card: { brand: 'visa', bin: '42424242', lastFour: '4242', expiryMonth: 12, expiryYear: 2032 },
    });
    expect(answer.headers.get('location')).toBe(`/v1/tokens/${answer.body.token}`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('answers 200 with the same token for the same card of the merchant, and another to another merchant', async () => {
    const number = freshNumber();
    const [first, second, other] = [
      await tokenize(number),
      await tokenize(number),
      await tokenize(number, { as: 'globexShop' }),
    ];
    expect([first.status, second.status, other.status]).toEqual([201, 200, 201]);
    expect(second.body.token).toBe(first.body.token);
    expect(other.body.token).not.toBe(first.body.token);
    expect(other.body.card['cardId']).not.toBe(first.body.card['cardId']);
  });

  it('keeps the token and adds a version and an event when the expiry changes', async () => {
    const number = freshNumber();
    const { body: before } = await tokenize(number, { card: { holderName: 'Ada' } });
    const { status, body: after } = await tokenize(number, { card: { expiryYear: 2034 } });
    expect([status, after.token, after.card['expiryYear']]).toEqual([200, before.token, 2034]);
    const { rows } = await owner.query('SELECT version FROM records WHERE token = $1 ORDER BY 1', [
      before.token,
    ]);
    expect(rows).toEqual([{ version: 1 }, { version: 2 }]);
    const { rows: events } = await owner.query(
      'SELECT type, sequence FROM outbox WHERE subject = $1 ORDER BY sequence',
      [before.token],
    );
    expect(events).toEqual([
      { type: 'token.created', sequence: '1' },
      { type: 'token.updated', sequence: '2' },
    ]);
    const { grant, attemptId, connector } = await grantFor(before.token);
    const revealed = await call({ path: '/v1/reveals', as: 'stripe', body: { grant, attemptId, connector } });
    expect(revealed.body.card).toEqual({ number, expiryMonth: 12, expiryYear: 2034, holderName: 'Ada' });
  });

  it('gives a card that 8 requests bring at once one token', async () => {
    const number = freshNumber();
    const all = await Promise.all(Array.from({ length: 8 }, () => tokenize(number)));
    expect(new Set(all.map((answer) => answer.body.token)).size).toBe(1);
    expect(all.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
  });

  it('repeats the first answer for the same idempotency key, also to 8 at once', async () => {
    const number = freshNumber();
    const headers = { 'idempotency-key': randomUUID() };
    const all = await Promise.all(Array.from({ length: 8 }, () => tokenize(number, { headers })));
    expect(all.every((answer) => answer.status === 201)).toBe(true);
    expect(new Set(all.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
  });

  it('refuses an idempotency key that came with another body', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    await tokenize(freshNumber(), { headers });
    expect(await tokenize(freshNumber(), { headers })).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  it('answers request_in_progress while the same key is under way for longer than the lock timeout', async () => {
    const number = freshNumber();
    const headers = { 'idempotency-key': randomUUID() };
    await tokenize(number, { headers });
    const client = await owner.connect();
    try {
      // The row as another transaction, not yet committed, would hold it.
      await client.query('BEGIN');
      await client.query(
        'CREATE TEMP TABLE held AS SELECT * FROM idempotency_keys ORDER BY created_at DESC LIMIT 1',
      );
      await client.query(
        'DELETE FROM idempotency_keys USING held WHERE idempotency_keys.key_digest = held.key_digest',
      );
      expect(await tokenize(number, { headers })).toMatchObject({
        status: 409,
        body: { code: 'request_in_progress' },
      });
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
    expect((await tokenize(number, { headers })).status).toBe(201);
  });

  const bad: [name: string, send: Parameters<Caller>[0], status: number, code: string, fields?: string[]][] =
    [
      [
        'malformed JSON',
        { path: '', rawBody: '{"card":{"number":"4242424242424242"' },
        400,
        'malformed_json',
      ],
      ['no body', { path: '', rawBody: '' }, 400, 'malformed_json'],
      [
        'a wrong check digit',
        { path: '', body: card('4242424242424241') },
        422,
        'invalid_card_number',
        ['card.number'],
      ],
      [
        'an expired card',
        { path: '', body: card(CARDS.visa, { expiryYear: 2020 }) },
        422,
        'card_expired',
        ['card.expiryMonth', 'card.expiryYear'],
      ],
      [
        'an unknown field',
        { path: '', body: card(CARDS.visa, { cvc: '123' }) },
        400,
        'invalid_request',
        ['card.cvc'],
      ],
      [
        'a field named like a card number',
        { path: '', body: card(CARDS.visa, { [CARDS.amex]: 1 }) },
        400,
        'invalid_request',
        ['card.(unprintable)'],
      ],
      [
        'a wrong type',
        { path: '', body: card(CARDS.visa, { expiryMonth: '12' }) },
        400,
        'invalid_request',
        ['card.expiryMonth'],
      ],
      [
        'a number with blanks',
        { path: '', body: card('4242 4242 4242 4242') },
        400,
        'invalid_request',
        ['card.number'],
      ],
      [
        'another content type',
        { path: '', rawBody: 'number=4242424242424242', headers: { 'content-type': 'text/plain' } },
        415,
        'unsupported_media_type',
      ],
      [
        'a body over the limit',
        { path: '', body: card(CARDS.visa, { holderName: 'x'.repeat(20_000) }) },
        413,
        'body_too_large',
      ],
      [
        'an idempotency key that is none',
        { path: '', body: card(CARDS.visa), headers: { 'idempotency-key': 'two words' } },
        400,
        'invalid_request',
      ],
    ];
  it.each(bad)('refuses %s', async (_name, send, status, code, fields) => {
    const answer = await call({ ...send, method: 'POST', path: '/v1/tokens' });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    if (fields) expect(answer.body.errors.map((error) => error.field)).toEqual(fields);
    expect(
      huntCardNumbers([{ name: 'answer', content: JSON.stringify(answer.body) }], Object.values(CARDS)),
    ).toEqual([]);
  });

  it('refuses a write without an idempotency key', async () => {
    const url = new URL('/v1/tokens', await vault.url());
    const token = await world.issuer.sign({ subject: SUBJECTS.checkout });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(card(CARDS.visa)) });
    expect(await response.json()).toMatchObject({ status: 400, code: 'idempotency_key_missing' });
  });
});

describe('GET and DELETE /v1/tokens/{token}', () => {
  it('shows a token to its merchant and to nobody else', async () => {
    const { body } = await tokenize(freshNumber());
    const path = `/v1/tokens/${body.token}`;
    expect((await call({ path })).body).toEqual(body);
    expect(await call({ path, as: 'globexShop' })).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
    const asGlobex = { as: 'router' as const, headers: { 'cofferdam-merchant': 'globex' } };
    expect((await call({ path, ...asGlobex })).status).toBe(404);
  });

  it('does not repeat a card number that stands in the path', async () => {
    const answer = await call({ path: `/v1/tokens/${CARDS.visa}` });
    expect(answer).toMatchObject({ status: 404, body: { code: 'token_not_found' } });
  });

  it('erases ciphertext, fingerprint and stored answers, and keeps the audit', async () => {
    const number = freshNumber();
    const headers = { 'idempotency-key': randomUUID() };
    const { body } = await tokenize(number, { headers });
    const path = `/v1/tokens/${body.token}`;
    expect((await call({ path, method: 'DELETE', as: 'globexShop' })).status).toBe(404);
    expect((await call({ path, method: 'DELETE' })).status).toBe(204);

    expect((await call({ path })).status).toBe(404);
    expect((await call({ path, method: 'DELETE' })).status).toBe(404);
    expect(await tokenize(number, { headers })).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
    const count = async (text: string, value: unknown) => (await owner.query(text, [value])).rowCount;
    expect(await count('SELECT 1 FROM records WHERE token = $1', body.token)).toBe(0);
    expect(await count('SELECT 1 FROM cards WHERE card_id = $1', body.card['cardId'])).toBe(0);
    const { rows } = await owner.query('SELECT action FROM audit WHERE token = $1 ORDER BY time', [
      body.token,
    ]);
    expect(rows).toEqual([{ action: 'token.created' }, { action: 'token.deleted' }]);

    const again = await tokenize(number);
    expect(again.status).toBe(201);
    expect(again.body.token).not.toBe(body.token);
    expect(again.body.card['cardId']).not.toBe(body.card['cardId']);
  });
});

describe('POST /v1/reveals', () => {
  let token: string;
  const number = CARDS.mastercard;
  beforeAll(async () => {
    token = (await tokenize(number)).body.token;
  });
  const redeem = (body: object, as: Parameters<Caller>[0]['as'] = 'stripe') =>
    call({ path: '/v1/reveals', as, body });
  const refused = { status: 403, body: { code: 'grant_invalid' } };

  it('shows the card to the workload of the grant, once', async () => {
    const { grant, attemptId, connector } = await grantFor(token);
    const first = await redeem({ grant, attemptId, connector });
    expect(first).toMatchObject({
      status: 200,
      body: { token, card: { number, expiryMonth: 12, expiryYear: 2032 } },
    });
    expect(await redeem({ grant, attemptId, connector })).toMatchObject(refused);
    const { rows } = await owner.query(
      `SELECT action, subject, detail::json->>'reason' AS reason FROM audit WHERE detail::json->>'attemptId' = $1 ORDER BY time`,
      [attemptId],
    );
    expect(rows).toEqual([
      { action: 'grant.created', subject: SUBJECTS.router, reason: null },
      { action: 'token.revealed', subject: SUBJECTS.stripe, reason: null },
      { action: 'reveal.refused', subject: SUBJECTS.stripe, reason: 'redeemed_before' },
    ]);
  });

  it('shows it to one of 8 that come at once', async () => {
    const { grant, attemptId, connector } = await grantFor(token);
    const all = await Promise.all(Array.from({ length: 8 }, () => redeem({ grant, attemptId, connector })));
    expect(all.map((answer) => answer.status).sort()).toEqual([200, 403, 403, 403, 403, 403, 403, 403]);
  });

  it('refuses another workload, attempt, connector, and a grant that is unknown or has expired', async () => {
    const { grant, attemptId, connector } = await grantFor(token);
    expect(await redeem({ grant, attemptId, connector }, 'adyen')).toMatchObject(refused);
    expect(await redeem({ grant, attemptId: `att_${ulid()}`, connector })).toMatchObject(refused);
    expect(await redeem({ grant, attemptId, connector: 'adyen' })).toMatchObject(refused);
    expect(await redeem({ grant: `grant_${'A'.repeat(43)}`, attemptId, connector })).toMatchObject(refused);
    expect((await redeem({ grant, attemptId, connector })).status).toBe(200);

    const short = await grantFor(token, { ttlSeconds: 1 });
    await sleep(1100);
    expect(await redeem({ grant: short.grant, attemptId: short.attemptId, connector })).toMatchObject(
      refused,
    );
  });

  it('refuses a token that is not bound to a pod or lives longer than ten minutes', async () => {
    const { grant, attemptId, connector } = await grantFor(token);
    const subject = SUBJECTS.stripe;
    const forbidden = { status: 403, body: { code: 'forbidden' } };
    expect(await redeem({ grant, attemptId, connector }, { subject, podBound: false })).toMatchObject(
      forbidden,
    );
    expect(await redeem({ grant, attemptId, connector }, { subject, lifetimeSeconds: 3600 })).toMatchObject(
      forbidden,
    );
    expect((await redeem({ grant, attemptId, connector }, { subject, lifetimeSeconds: 600 })).status).toBe(
      200,
    );
  });

  it('replaces a grant that was not redeemed, and grants an attempt nothing more after it was', async () => {
    const first = await grantFor(token);
    const { attemptId, connector } = first;
    const second = await grantFor(token, { attemptId });
    expect(await redeem({ grant: first.grant, attemptId, connector })).toMatchObject(refused);
    expect((await redeem({ grant: second.grant, attemptId, connector })).status).toBe(200);
    expect((await grantFor(token, { attemptId })).answer).toMatchObject(refused);
  });

  it('grants nothing for a token of another merchant', async () => {
    const { body } = await tokenize(freshNumber(), { as: 'globexShop' });
    expect((await grantFor(body.token)).answer).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
  });

  it('does not open a record that was moved to another token', async () => {
    const [mine, theirs] = [
      (await tokenize(freshNumber())).body.token,
      (await tokenize(freshNumber())).body.token,
    ];
    await owner.query(
      'UPDATE records SET sealed = (SELECT sealed FROM records WHERE token = $2) WHERE token = $1',
      [mine, theirs],
    );
    const { grant, attemptId, connector } = await grantFor(mine);
    const answer = await redeem({ grant, attemptId, connector });
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } });
    expect(answer.body.detail).toBeUndefined();
  });
});

describe('every route', () => {
  const routes = [
    ['POST', '/v1/tokens'],
    ['GET', '/v1/tokens/tok_00000000000000000000000000'],
    ['DELETE', '/v1/tokens/tok_00000000000000000000000000'],
    ['POST', '/v1/reveal-grants'],
    ['POST', '/v1/reveals'],
    ['GET', '/v1/events'],
    ['GET', '/statusz'],
  ] as const;
  const send = (method: string, path: string, more: object) =>
    call({ method, path, ...(method === 'POST' ? { body: {} } : {}), ...more });

  it.each(routes)('%s %s refuses no token, and tokens that are not for us', async (method, path) => {
    const unauthenticated = { status: 401, body: { code: 'unauthenticated' } };
    const stranger = await import('@cofferdam/devcluster/testing').then((testing) =>
      testing.createTokenIssuer(),
    );
    const subject = SUBJECTS.checkout;
    const refusedTokens = [
      '',
      'Bearer nonsense',
      `Bearer ${await world.issuer.sign({ subject, audience: 'another' })}`,
      `Bearer ${await world.issuer.sign({ subject, issuedSecondsAgo: 900 })}`,
      `Bearer ${await world.issuer.sign({ subject, issuedSecondsAgo: -300 })}`,
      `Bearer ${await stranger.sign({ subject })}`,
    ];
    for (const authorization of refusedTokens) {
      expect(await send(method, path, { authorization })).toMatchObject(unauthenticated);
    }
  });

  it.each(routes)('%s %s refuses a subject that no rule names', async (method, path) => {
    const as = { subject: 'system:serviceaccount:other:somebody' };
    expect(await send(method, path, { as })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('refuses a merchant that the caller may not act for, and asks for one where there are several', async () => {
    const path = '/v1/tokens/tok_00000000000000000000000000';
    const headers = { 'cofferdam-merchant': 'globex' };
    expect(await call({ path, headers })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await call({ path, as: 'router' })).toMatchObject({
      status: 400,
      body: { code: 'merchant_required' },
    });
  });

  it('creating a token never implies revealing one', async () => {
    const body = { grant: `grant_${'A'.repeat(43)}`, attemptId: `att_${ulid()}`, connector: 'stripe' };
    expect(await call({ path: '/v1/reveals', body })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
  });

  it('an unknown path is 404 and another method 405', async () => {
    expect(await call({ path: '/v1/nothing' })).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const answer = await call({ path: '/v1/tokens', method: 'PUT', rawBody: '{}' });
    expect([answer.status, answer.body.code, answer.headers.get('allow')]).toEqual([
      405,
      'method_not_allowed',
      'POST',
    ]);
  });
});

describe('operations', () => {
  it('/statusz says what the operator reads', async () => {
    const answer = await call({ path: '/statusz', as: 'operator' });
    expect(Statusz.parse(answer.body)).toMatchObject({
      service: 'vault',
      instance: 'payments-vault-0',
      vaultId: VAULT_ID,
      schema: { current: 2, wanted: 2, oldestCode: 2 },
      key: { keyArn: world.keyArn, state: 'usable' },
      outbox: { broker: 'none' },
    });
  });

  it('/metrics has the names that dashboards stand on', async () => {
    const response = await fetch(new URL('/metrics', await vault.url()));
    const text = await response.text();
    for (const name of [
      'http_server_request_duration_seconds_bucket',
      'cofferdam_tokens_total{result="created"',
      'cofferdam_reveals_total{outcome="revealed"',
      'cofferdam_kms_request_duration_seconds_count',
      'cofferdam_outbox_unpublished',
      'cofferdam_authentication_refusals_total{reason="missing"',
    ]) {
      expect(text).toContain(name);
    }
  });

  it('the feed gives each merchant its events, in pages, in order per token', async () => {
    const { body } = await tokenize(freshNumber(), { as: 'globexShop' });
    await call({ path: `/v1/tokens/${body.token}`, method: 'DELETE', as: 'globexShop' });
    const events = [];
    for (let after = ''; ; ) {
      const page = (await call({ path: `/v1/events?limit=2${after && `&after=${after}`}`, as: 'globexShop' }))
        .body;
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
    expect(await call({ path: '/v1/events?after=x' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });

  it('the audit chain of every writer holds, and the serving role can only add to it', async () => {
    const { rows } = await owner.query(
      `SELECT writer, position::int, time, issuer, subject, action, merchant, token, request_id AS "requestId",
              detail, previous, hash FROM audit ORDER BY writer, position`,
    );
    const chains = Map.groupBy(rows as AuditLink[], (row) => row.writer);
    expect(chains.size).toBeGreaterThan(0);
    for (const [writer, links] of chains) expect(firstBrokenLink(writer, links)).toBeUndefined();

    const { app } = world.databases;
    const client = new pg.Client({
      ...app,
      user: app.username,
      database: app.dbname,
      port: Number(app.port),
    });
    await client.connect();
    for (const text of ['UPDATE audit SET action = action', 'DELETE FROM audit', 'TRUNCATE audit']) {
      await expect(client.query(text)).rejects.toMatchObject({ code: '42501' });
    }
    await client.end();
  });

  it('rules reload without a restart; broken ones are not used', async () => {
    const subject = 'system:serviceaccount:payments-dev:new-shop';
    const path = '/v1/tokens/tok_00000000000000000000000000';
    expect((await call({ path, as: { subject } })).status).toBe(403);
    world.writeAccess([
      ...RULES,
      { subjects: ['system:serviceaccount:payments-dev:new-*'], merchants: ['acme'], allow: ['tokens:read'] },
    ]);
    await expect
      .poll(async () => (await call({ path, as: { subject } })).status, { timeout: 10_000 })
      .toBe(404);
    writeFileSync(join(world.directory, 'access/access.json'), '{"rules": "none"');
    await expect
      .poll(() => vault.output.some((line) => line.includes('new configuration is not usable')), {
        timeout: 10_000,
      })
      .toBe(true);
    expect((await call({ path, as: { subject } })).status).toBe(404);
    world.writeAccess();
    await expect
      .poll(async () => (await call({ path, as: { subject } })).status, { timeout: 10_000 })
      .toBe(403);
  });

  it('while KMS is away known merchants go on and new ones get key_unavailable', async () => {
    await world.kms.fault({ operation: '*', drop: 'before' });
    try {
      expect((await tokenize(freshNumber())).status).toBe(201);
      world.writeAccess([
        ...RULES,
        { subjects: [SUBJECTS.checkout], merchants: ['initech'], allow: ['tokens:create'] },
      ]);
      const headers = { 'cofferdam-merchant': 'initech' };
      await expect
        .poll(async () => (await tokenize(freshNumber(), { headers })).body.code, { timeout: 20_000 })
        .toBe('key_unavailable');
    } finally {
      await world.kms.fault();
      world.writeAccess();
    }
  });
});

describe('no card number', () => {
  it('is in a table, a log or an answer; a planted one is found', async () => {
    const numbers = [...Object.values(CARDS), ...issuedNumbers()];
    const url = new URL(world.postgres.adminUrl);
    url.pathname = '/vault';
    const written = [
      ...(await dumpDatabase(url.href)),
      { name: 'output of the vault', content: world.output.join('\n') },
      { name: 'answers', content: answers.join('\n') },
    ];
    expect(written.length).toBeGreaterThan(8);
    expect(huntCardNumbers(written, numbers)).toEqual([]);

    await owner.query('UPDATE outbox SET data = $1 WHERE position = (SELECT min(position) FROM outbox)', [
      JSON.stringify({ note: Buffer.from(CARDS.visa).toString('base64') }),
    ]);
    expect(huntCardNumbers(await dumpDatabase(url.href), numbers)).toMatchObject([
      { source: 'table public.outbox', lastFour: '4242' },
    ]);
  });
});

function issuedNumbers(): string[] {
  const last = serial;
  serial = 0;
  return Array.from({ length: last }, freshNumber);
}
