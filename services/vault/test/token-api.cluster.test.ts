import { randomUUID } from 'node:crypto';
import { BinRecord, TokenPage, TokenRecord } from '@cofferdam/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agreements } from './api/agreements.ts';
import { cardOnFile } from './api/card-on-file.ts';
import { endingTokens } from './api/ending-tokens.ts';
import { offFile } from './api/off-file.ts';
import { sealedCvcs } from './api/sealed-cvcs.ts';
import { tokenBatches } from './api/token-batches.ts';
import { tokenVersions } from './api/token-versions.ts';
import { updating } from './api/updating.ts';
import { everyPlace, type HostileRequest, hostileRequest } from './support/hostile-requests.ts';
import { makeAgreement } from './support/on-file.ts';
import { type RunningVault, reveal, startVault } from './support/running-vault.ts';
import { sendHostile } from './support/send-hostile.ts';
import { type Answer, CARDS } from './support/vault-caller.ts';

let running: RunningVault;
beforeAll(async () => {
  running = await startVault();
});
afterAll(() => running?.close());

/** The card behind a token, as a connector is shown it. */
const cardOf = async (token: string): Promise<unknown> => (await reveal(running, token)).body.card;

describe('GET /v1/tokens', () => {
  const page = async (query: string, as: 'checkout' | 'globexShop' = 'checkout'): Promise<TokenPage> => {
    const answer = await running.call({ path: `/v1/tokens?${query}`, as });
    expect(answer).toMatchObject({ status: 200 });
    return TokenPage.parse(answer.body);
  };
  const names = async (query: string) => (await page(query)).tokens.map(({ token }) => token);

  it('shows every token once, newest first, whatever is added meanwhile', async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push((await running.tokenize(running.freshNumber())).body.token);
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const one: TokenPage = await page(`limit=2${next === undefined ? '' : `&after=${next}`}`);
      expect(one.tokens.length).toBeLessThanOrEqual(2);
      seen.push(...one.tokens.map(({ token }) => token));
      next = one.next;
      await running.tokenize(running.freshNumber());
    } while (next !== undefined);
    expect(seen).toEqual(made.toReversed());
  });

  it('shows a token as reading it does, and to its merchant alone', async () => {
    const { body } = await running.tokenize(running.freshNumber(), { as: 'globexShop' });
    expect((await page('limit=1', 'globexShop')).tokens).toEqual([
      (await running.call({ path: `/v1/tokens/${body.token}`, as: 'globexShop' })).body,
    ]);
    expect(await names('limit=200')).not.toContain(body.token);
    expect((await page('', 'globexShop')).tokens).toHaveLength(1);
  });

  it('filters by card, brand, BIN, last four, expiry and time, and says where the next page begins', async () => {
    const before = new Date().toISOString();
    const { body: amex } = await running.tokenize(CARDS.amex, { card: { expiryMonth: 5, expiryYear: 2031 } });
    const { body: visa } = await running.tokenize(running.freshNumber());
    const { cardId, lastFour } = visa.card;
    const found: [query: string, tokens: string[]][] = [
      ['brand=amex', [amex.token]],
      ['bin=378282', [amex.token]],
      ['lastFour=0005&brand=amex', [amex.token]],
      [`cardId=${cardId}`, [visa.token]],
      [`cardId=${cardId}&lastFour=${lastFour}`, [visa.token]],
      [`cardId=${cardId}&brand=amex`, []],
      ['cardExpiresBefore=2031-06', [amex.token]],
      ['cardExpiresBefore=2031-05', []],
      [`createdFrom=${encodeURIComponent(before)}`, [visa.token, amex.token]],
      [`createdFrom=${encodeURIComponent(before)}&brand=visa`, [visa.token]],
    ];
    for (const [query, tokens] of found) expect([query, await names(query)]).toEqual([query, tokens]);
    const old = await names(`createdBefore=${encodeURIComponent(before)}&limit=200`);
    expect(old).not.toContain(visa.token);
    expect(old.length).toBeGreaterThan(5);
  });

  it('shows the name of a deleted token to who asks for it, and nothing of its card', async () => {
    const { body } = await running.tokenize(running.freshNumber());
    await running.call({ path: `/v1/tokens/${body.token}`, method: 'DELETE' });
    expect(await names('')).not.toContain(body.token);
    const { tokens } = await page('state=deleted');
    expect(tokens).toEqual([expect.objectContaining({ token: body.token, state: 'deleted' })]);
    expect(tokens[0]).not.toHaveProperty('card');
  });

  it('goes on where 10,000 tokens hold none that fits', async () => {
    await running.owner.query(
      `INSERT INTO tokens (token, merchant, state, deduplicated, card_id, brand, bin, last_four, expiry_month,
                           expiry_year, record_version, created_at, updated_at)
       SELECT 'tok_' || lpad(n::text, 26, '0'), 'globex', 'active', false, 'card_' || lpad(n::text, 26, '0'),
              CASE n WHEN 1 THEN 'amex' ELSE 'visa' END, '411111', '1111', 1, 2030, 1, date_trunc('milliseconds', now()), now()
       FROM generate_series(1, 10050) n`,
    );
    const first = await page('brand=amex', 'globexShop');
    expect(first).toEqual({ tokens: [], next: expect.any(String) });
    const second = await page(`brand=amex&after=${first.next}`, 'globexShop');
    expect(second.tokens.map(({ token }) => token)).toEqual([`tok_${'1'.padStart(26, '0')}`]);
    expect(second.next).toBeUndefined();
    await running.owner.query(`DELETE FROM tokens WHERE token LIKE 'tok_0000%'`);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=%D9%A5', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['after=nowhere', 'after'],
    ['lastFour=42424', 'lastFour'],
    [`bin=${CARDS.visa}`, 'bin'],
    ['cardExpiresBefore=2031-13', 'cardExpiresBefore'],
    ['createdFrom=yesterday', 'createdFrom'],
    [`number=${CARDS.visa}`, 'number'],
  ])('refuses %s', async (query, field) => {
    const answer = await running.call({ path: `/v1/tokens?${query}` });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body.errors.map((error) => error.field)).toEqual([field]);
    expect(JSON.stringify(answer.body)).not.toContain('4242');
  });

  it('is not allowed by tokens:read', async () => {
    expect(
      await running.call({
        path: '/v1/tokens',
        as: 'stripe',
        headers: { 'cofferdam-merchant': 'acme' },
      }),
    ).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });
});

describe('PATCH /v1/tokens/{token}', () => {
  const update = (token: string, card: object, headers: Record<string, string> = {}): Promise<Answer> =>
    running.call({ method: 'PATCH', path: `/v1/tokens/${token}`, body: { card }, headers });
  const historyOf = async (token: string) => {
    const { rows: records } = await running.owner.query('SELECT version FROM records WHERE token = $1', [
      token,
    ]);
    const { rows: events } = await running.owner.query(
      'SELECT type FROM outbox WHERE subject = $1 ORDER BY sequence',
      [token],
    );
    const { rows: audit } = await running.owner.query(
      `SELECT detail::json->'changed' AS changed FROM audit WHERE token = $1 AND action = 'token.updated' ORDER BY time`,
      [token],
    );
    return {
      versions: records.length,
      events: events.map(({ type }) => type),
      changed: audit.map(({ changed }) => changed),
    };
  };

  it('changes expiry and holder name under the token, as a version with audit and event', async () => {
    const number = running.freshNumber();
    const { body, headers } = await running.tokenize(number, { card: { holderName: 'Ada' } });
    expect(headers.get('etag')).toBe('"1"');
    const renewed = await update(body.token, { expiryMonth: 3, expiryYear: 2035 });
    expect(renewed.status).toBe(200);
    expect(renewed.headers.get('etag')).toBe('"2"');
    expect(TokenRecord.parse(renewed.body)).toMatchObject({
      token: body.token,
      recordVersion: 2,
      card: { ...body.card, expiryMonth: 3, expiryYear: 2035 },
    });
    await update(body.token, { holderName: 'Ada King' });
    expect(await cardOf(body.token)).toEqual({
      number,
      expiryMonth: 3,
      expiryYear: 2035,
      holderName: 'Ada King',
    });
    await update(body.token, { holderName: null });
    expect(await cardOf(body.token)).toEqual({ number, expiryMonth: 3, expiryYear: 2035 });
    const { events, ...history } = await historyOf(body.token);
    expect(history).toEqual({
      versions: 4,
      changed: [['expiryMonth', 'expiryYear'], ['holderName'], ['holderName']],
    });
    expect(events.filter((type) => type === 'token.updated')).toHaveLength(3);
    expect((await running.call({ path: `/v1/tokens/${body.token}` })).body).toMatchObject({
      recordVersion: 4,
    });
  });

  it('makes no version of what is the same already, and answers a repetition with the first answer', async () => {
    const { body } = await running.tokenize(running.freshNumber());
    expect((await update(body.token, { expiryYear: 2032 })).body).toEqual(body);
    const headers = { 'idempotency-key': randomUUID() };
    const all = await Promise.all(
      Array.from({ length: 4 }, () => update(body.token, { expiryYear: 2040 }, headers)),
    );
    await update(body.token, { expiryYear: 2041 });
    all.push(await update(body.token, { expiryYear: 2040 }, headers));
    expect(new Set(all.map((answer) => JSON.stringify([answer.status, answer.body]))).size).toBe(1);
    expect((await historyOf(body.token)).versions).toBe(3);
    expect(await update(body.token, { expiryYear: 2042 }, headers)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  it('lets one of several win who saw the same version', async () => {
    const { body } = await running.tokenize(running.freshNumber());
    const all = await Promise.all(
      [2040, 2041, 2042].map((expiryYear) => update(body.token, { expiryYear }, { 'if-match': '"1"' })),
    );
    expect(all.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    expect(all.find(({ status }) => status === 412)?.body.code).toBe('version_mismatch');
    expect((await historyOf(body.token)).versions).toBe(2);
    expect((await update(body.token, { expiryYear: 2044 }, { 'if-match': '*' })).status).toBe(200);
  });

  it.each([
    ['nothing', {}, 400, 'invalid_request'],
    ['another number', { number: CARDS.visa }, 400, 'invalid_request'],
    ['an expiry that has passed', { expiryYear: 2020 }, 422, 'card_expired'],
    ['a month that is none', { expiryMonth: 13 }, 400, 'invalid_request'],
    ['a precondition that is none', { expiryYear: 2040 }, 400, 'invalid_request', { 'if-match': '1' }],
  ])('refuses %s', async (_name, card, status, code, headers?: Record<string, string>) => {
    const { body } = await running.tokenize(running.freshNumber());
    expect(await update(body.token, card, headers)).toMatchObject({ status, body: { code } });
    expect((await historyOf(body.token)).versions).toBe(1);
  });

  it('knows no token of another merchant, and none that was deleted', async () => {
    const { body } = await running.tokenize(running.freshNumber(), { as: 'globexShop' });
    expect(await update(body.token, { expiryYear: 2040 })).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
    const { body: gone } = await running.tokenize(running.freshNumber());
    await running.call({ path: `/v1/tokens/${gone.token}`, method: 'DELETE' });
    expect((await update(gone.token, { expiryYear: 2040 })).status).toBe(404);
  });
});

describe('a token with an end', () => endingTokens(() => running));

describe('POST /v1/token-batches', () => tokenBatches(() => running));

describe('GET /v1/tokens/{token}/versions', () => tokenVersions(() => running));

describe('credential updating', () => updating(() => running));

describe('card on file', () => {
  cardOnFile(() => running);
  agreements(() => running);
  offFile(() => running);
});

describe('a sealed CVC', () => sealedCvcs(() => running));

describe('GET /v1/bins/{bin}', () => {
  it('says what the first digits say', async () => {
    const { status, body } = await running.call({ path: '/v1/bins/378282' });
    expect(status).toBe(200);
    expect(BinRecord.parse(body)).toEqual({
      bin: '378282',
      brand: 'amex',
      numberLengths: [15],
      cvcLength: 4,
    });
  });

  it.each([CARDS.visa, '42424', '42424%D9%A5', 'abcdef'])('refuses %s', async (bin) => {
    const answer = await running.call({ path: `/v1/bins/${bin}` });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

describe('whatever is sent', () => {
  it('is answered by a problem with a code, and by no failure, crash or leak', async () => {
    const there = await makeAgreement(running);
    const answers: [string, number][] = [];
    const send = async (requests: HostileRequest[]) => {
      answers.push(...(await Promise.all(requests.map((request) => sendHostile(running, request)))));
    };
    const places = everyPlace(there);
    for (let i = 0; i < places.length; i += 16) await send(places.slice(i, i + 16));
    await fc.assert(fc.asyncProperty(fc.array(hostileRequest(there), { minLength: 8, maxLength: 8 }), send), {
      numRuns: 40,
    });
    expect((await running.call({ path: '/readyz' })).status).toBe(200);
    expect(running.vault.output.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
    // Every route was attacked, and not all of it ended at the same gate.
    expect(new Set(answers.map(([route]) => route)).size).toBeGreaterThanOrEqual(10);
    expect(new Set(answers.map(([, status]) => status)).size).toBeGreaterThanOrEqual(5);
  });
});

it('no card number of these tests is in a table, a log or an answer', async () => {
  expect(await running.hunt()).toEqual([]);
});
