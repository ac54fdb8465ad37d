import { randomUUID } from 'node:crypto';
import { TokenRecord } from '@cofferdam/contracts';
import { huntCardNumbers } from '@cofferdam/devcluster/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cardNumber } from './support/card-numbers.ts';
import { type RunningVault, startVault } from './support/running-vault.ts';
import { CARDS, type Caller, callerOf, card } from './support/vault-caller.ts';
import { SUBJECTS } from './support/vault-world.ts';

let running: RunningVault;
beforeAll(async () => {
  running = await startVault();
});
afterAll(() => running?.close());

describe('POST /v1/tokens', () => {
  it('answers 201 with a token and what may be shown of the card', async () => {
    const answer = await running.tokenize(CARDS.visa, { card: { holderName: 'Ada Lovelace' } });
    expect(answer.status).toBe(201);
    expect(TokenRecord.parse(answer.body)).toMatchObject({
      token: expect.stringMatching(/^tok_[0-9a-z]{26}$/),
      card: { brand: 'visa', bin: '42424242', lastFour: '4242', expiryMonth: 12, expiryYear: 2032 },
    });
    expect(answer.headers.get('location')).toBe(`/v1/tokens/${answer.body.token}`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('answers 200 with the same token for the same card of the merchant, and another to another merchant', async () => {
    const number = running.freshNumber();
    const [first, second, other] = [
      await running.tokenize(number),
      await running.tokenize(number),
      await running.tokenize(number, { as: 'globexShop' }),
    ];
    expect([first.status, second.status, other.status]).toEqual([201, 200, 201]);
    expect(second.body.token).toBe(first.body.token);
    expect(other.body.token).not.toBe(first.body.token);
    expect(other.body.card['cardId']).not.toBe(first.body.card['cardId']);
  });

  it('keeps the token and adds a version and an event when the expiry changes', async () => {
    const number = running.freshNumber();
    const { body: before } = await running.tokenize(number, { card: { holderName: 'Ada' } });
    const { status, body: after } = await running.tokenize(number, { card: { expiryYear: 2034 } });
    expect([status, after.token, after.card['expiryYear']]).toEqual([200, before.token, 2034]);
    const { rows } = await running.owner.query('SELECT version FROM records WHERE token = $1 ORDER BY 1', [
      before.token,
    ]);
    expect(rows).toEqual([{ version: 1 }, { version: 2 }]);
    const { rows: events } = await running.owner.query(
      'SELECT type, sequence FROM outbox WHERE subject = $1 ORDER BY sequence',
      [before.token],
    );
    expect(events).toEqual([
      { type: 'token.created', sequence: '1' },
      { type: 'token.updated', sequence: '2' },
    ]);
    const { grant, attemptId, connector } = await running.grantFor(before.token);
    const revealed = await running.call({
      path: '/v1/reveals',
      as: 'stripe',
      body: { grant, attemptId, connector },
    });
    expect(revealed.body.card).toEqual({ number, expiryMonth: 12, expiryYear: 2034, holderName: 'Ada' });
  });

  it('gives a card that 8 requests bring at once one token', async () => {
    const number = running.freshNumber();
    const all = await Promise.all(Array.from({ length: 8 }, () => running.tokenize(number)));
    expect(new Set(all.map((answer) => answer.body.token)).size).toBe(1);
    expect(all.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
  });

  it('knows a card and a key also when so many were new that it no longer looks before it writes', async () => {
    const known = running.freshNumber();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await running.tokenize(known, { headers });
    for (const [from, size] of [
      [1_000_000, 500],
      [2_000_000, 100],
    ] as const) {
      const items = Array.from({ length: size }, (_, i) => card(cardNumber(from + i)));
      const batch = await running.call({ path: '/v1/token-batches', body: { items } });
      expect(batch.status).toBe(200);
    }
    const [again, repeated, ...fresh] = await Promise.all([
      running.tokenize(known),
      running.tokenize(known, { headers }),
      ...Array.from({ length: 6 }, () => running.tokenize(running.freshNumber())),
    ]);
    expect(again).toMatchObject({ status: 200, body: { token: first.body.token } });
    expect(repeated).toMatchObject({ status: 201, body: first.body });
    expect(fresh.map(({ status }) => status)).toEqual(Array(6).fill(201));
  });

  it('fails of many at once only the one whose rows the database refuses', async () => {
    await running.owner.query(
      "ALTER TABLE tokens ADD CONSTRAINT refused CHECK (brand <> 'discover') NOT VALID",
    );
    try {
      const numbers = [...Array.from({ length: 12 }, () => running.freshNumber()), CARDS.discover];
      const all = await Promise.all(numbers.map((number) => running.tokenize(number)));
      expect(all.map(({ status }) => status)).toEqual([...Array(12).fill(201), 500]);
    } finally {
      await running.owner.query('ALTER TABLE tokens DROP CONSTRAINT refused');
    }
    expect((await running.tokenize(CARDS.discover)).status).toBe(201);
  });

  it('gives requests that come at once with one card and another expiry a version each', async () => {
    const number = running.freshNumber();
    const years = [2031, 2032, 2033, 2034, 2035];
    const all = await Promise.all(
      years.map((expiryYear) => running.tokenize(number, { card: { expiryYear } })),
    );
    expect(new Set(all.map(({ body }) => body.token)).size).toBe(1);
    expect(all.map(({ body }) => body.card['expiryYear'])).toEqual(years);
    const { rows } = await running.owner.query(
      'SELECT sequence::int, type FROM outbox WHERE subject = $1 ORDER BY horizon, position',
      [all[0]?.body.token],
    );
    expect(rows).toEqual(
      years.map((_, i) => ({ sequence: i + 1, type: i === 0 ? 'token.created' : 'token.updated' })),
    );
  });

  it('repeats the first answer for the same idempotency key, also to 8 at once', async () => {
    const number = running.freshNumber();
    const headers = { 'idempotency-key': randomUUID() };
    const all = await Promise.all(Array.from({ length: 8 }, () => running.tokenize(number, { headers })));
    expect(all.every((answer) => answer.status === 201)).toBe(true);
    expect(new Set(all.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
  });

  it('refuses an idempotency key that came with another body', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    await running.tokenize(running.freshNumber(), { headers });
    expect(await running.tokenize(running.freshNumber(), { headers })).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  it('answers request_in_progress while the same key is under way for longer than the lock timeout', async () => {
    const number = running.freshNumber();
    const headers = { 'idempotency-key': randomUUID() };
    await running.tokenize(number, { headers });
    const client = await running.owner.connect();
    try {
      // The row as another transaction, not yet committed, would hold it.
      await client.query('BEGIN');
      await client.query(
        'CREATE TEMP TABLE held AS SELECT * FROM idempotency_keys ORDER BY created_at DESC LIMIT 1',
      );
      await client.query(
        'DELETE FROM idempotency_keys USING held WHERE idempotency_keys.key_digest = held.key_digest',
      );
      expect(await running.tokenize(number, { headers })).toMatchObject({
        status: 409,
        body: { code: 'request_in_progress' },
      });
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
    expect((await running.tokenize(number, { headers })).status).toBe(201);
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
    const answer = await running.call({ ...send, method: 'POST', path: '/v1/tokens' });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    if (fields) expect(answer.body.errors.map((error) => error.field)).toEqual(fields);
    expect(
      huntCardNumbers([{ name: 'answer', content: JSON.stringify(answer.body) }], Object.values(CARDS)),
    ).toEqual([]);
  });

  it('refuses a write without an idempotency key', async () => {
    const url = new URL('/v1/tokens', await running.vault.url());
    const token = await running.world.issuer.sign({ subject: SUBJECTS.checkout });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await running.world.tls.fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(card(CARDS.visa)),
    });
    expect(await response.json()).toMatchObject({ status: 400, code: 'idempotency_key_missing' });
  });
});

describe('GET and DELETE /v1/tokens/{token}', () => {
  it('shows a token to its merchant and to nobody else', async () => {
    const { body } = await running.tokenize(running.freshNumber());
    const path = `/v1/tokens/${body.token}`;
    expect((await running.call({ path })).body).toEqual(body);
    expect(await running.call({ path, as: 'globexShop' })).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
    const asGlobex = { as: 'router' as const, headers: { 'cofferdam-merchant': 'globex' } };
    expect((await running.call({ path, ...asGlobex })).status).toBe(404);
  });

  it('does not repeat a card number that stands in the path', async () => {
    const answer = await running.call({ path: `/v1/tokens/${CARDS.visa}` });
    expect(answer).toMatchObject({ status: 404, body: { code: 'token_not_found' } });
  });

  it('erases ciphertext, fingerprint and stored answers, and keeps the audit', async () => {
    const number = running.freshNumber();
    const headers = { 'idempotency-key': randomUUID() };
    const { body } = await running.tokenize(number, { headers });
    const path = `/v1/tokens/${body.token}`;
    expect((await running.call({ path, method: 'DELETE', as: 'globexShop' })).status).toBe(404);
    expect((await running.call({ path, method: 'DELETE' })).status).toBe(204);

    expect((await running.call({ path })).status).toBe(404);
    // A repetition is answered as the first, does nothing, and tells nobody else that there was such a token.
    expect((await running.call({ path, method: 'DELETE' })).status).toBe(204);
    expect((await running.call({ path, method: 'DELETE', as: 'globexShop' })).status).toBe(404);
    expect(await running.tokenize(number, { headers })).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
    const count = async (text: string, value: unknown) => (await running.owner.query(text, [value])).rowCount;
    expect(await count('SELECT 1 FROM records WHERE token = $1', body.token)).toBe(0);
    expect(await count('SELECT 1 FROM cards WHERE card_id = $1', body.card['cardId'])).toBe(0);
    const { rows } = await running.owner.query(
      "SELECT action FROM audit WHERE token = $1 AND action LIKE 'token.%' ORDER BY time",
      [body.token],
    );
    expect(rows).toEqual([{ action: 'token.created' }, { action: 'token.deleted' }]);

    const again = await running.tokenize(number);
    expect(again.status).toBe(201);
    expect(again.body.token).not.toBe(body.token);
    expect(again.body.card['cardId']).not.toBe(body.card['cardId']);
  });
});

describe('a vault that is set to preserve the format and not to deduplicate', () => {
  it('gives the same card a new token each time, as long as the number, and one card id', async () => {
    const env = { TOKEN_FORMAT: 'Preserving', TOKEN_DEDUPLICATE: 'None' };
    const other = await running.world.serve(env);
    const call = callerOf(running.world, await other.url());
    const number = running.freshNumber();
    const [first, second] = [
      await call({ path: '/v1/tokens', body: card(number) }),
      await call({ path: '/v1/tokens', body: card(number) }),
    ];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.body.token).toMatch(new RegExp(`^9[0-9]{11}${number.slice(-4)}$`));
    expect(second.body.token).not.toBe(first.body.token);
    expect(second.body.card['cardId']).toBe(first.body.card['cardId']);

    // Both processes take up the same new cards: one is first with each, and the other reads again.
    const numbers = Array.from({ length: 12 }, () => running.freshNumber());
    const both = await Promise.all(
      numbers.map((number) =>
        Promise.all([running.tokenize(number), call({ path: '/v1/tokens', body: card(number) })]),
      ),
    );
    for (const [here, there] of both) {
      expect([here.status, there.status, there.body.card['cardId']]).toEqual([
        ...[201, 201, here.body.card['cardId']],
      ]);
    }

    // Deleting one token leaves the other its card.
    expect((await call({ path: `/v1/tokens/${first.body.token}`, method: 'DELETE' })).status).toBe(204);
    expect((await call({ path: `/v1/tokens/${second.body.token}` })).body).toEqual(second.body);
    expect(await other.kill('SIGTERM')).toBe(0);
  });
});

it('no card number of these tests is in a table, a log or an answer', async () => {
  expect(await running.hunt()).toEqual([]);
});
