import { randomUUID } from 'node:crypto';
import { CredentialUpdateResults, TokenRecord, TokenVersions } from '@cofferdam/contracts';
import { expect, it } from 'vitest';
import { type RunningVault, reveal } from '../support/running-vault.ts';
import { CARDS } from '../support/vault-caller.ts';

/** What issuers let know of cards, pushed by a connector with its workload identity. */
export function credentialUpdates(of: () => RunningVault): void {
  const push = async (updates: object[], as: 'stripe' | 'checkout' = 'stripe') => {
    const call = () => of().call({ path: '/v1/credential-updates', as, body: { source: 'stripe', updates } });
    let answer = await call();
    // As a connector does: under the same ids a result is applied once, however often it is sent.
    while (answer.status === 503) answer = await call();
    expect(answer).toMatchObject({ status: 200 });
    return CredentialUpdateResults.parse(answer.body).results;
  };
  const result = (token: string, code: string, more: object = {}) => ({
    ...{ id: randomUUID(), token, code, occurredAt: new Date().toISOString() },
    ...more,
  });
  const read = async (token: string) =>
    TokenRecord.parse((await of().call({ path: `/v1/tokens/${token}` })).body);
  const tokenOf = async (number: string) => (await of().tokenize(number)).body.token;
  const trailOf = async (token: string) => {
    const { rows: events } = await of().owner.query(
      `SELECT type, data FROM outbox WHERE subject = $1 AND type LIKE 'credential.%' ORDER BY sequence`,
      [token],
    );
    const { rows: audit } = await of().owner.query(
      `SELECT action FROM audit WHERE token = $1 AND action LIKE 'credential.%' ORDER BY time`,
      [token],
    );
    return { events, audit: audit.map(({ action }) => action) };
  };

  it('gives a token a new number, under which the new card is known from then on', async () => {
    const { call, freshNumber, tokenize } = of();
    const [before, number] = [freshNumber(), freshNumber()];
    const { token, card } = (await tokenize(before, { card: { holderName: 'Ada' } })).body;
    const next = { number, expiryMonth: 3, expiryYear: 2036 };
    expect(await push([result(token, 'new_number', { card: next })])).toEqual([
      { status: 200, outcome: 'applied', recordVersion: 2 },
    ]);

    expect((await reveal(of(), token)).body.card).toEqual({ ...next, holderName: 'Ada' });
    const now = await read(token);
    expect(now).toMatchObject({
      token,
      recordVersion: 2,
      card: { lastFour: number.slice(-4), expiryYear: 2036 },
    });
    expect(now.card.cardId).not.toBe(card['cardId']);
    // The new number has this token, and the one of before another.
    expect(await tokenOf(number)).toBe(token);
    expect(await tokenOf(before)).not.toBe(token);

    const { events, audit } = await trailOf(token);
    expect(audit).toEqual(['credential.updated']);
    expect(events).toMatchObject([
      {
        type: 'credential.updated',
        data: {
          result: 'new_number',
          card: { lastFour: number.slice(-4) },
          previous: { cardId: card['cardId'] },
        },
      },
    ]);
    const { body } = await call({ path: `/v1/tokens/${token}/versions` });
    expect(TokenVersions.parse(body).versions).toMatchObject([
      // Tokenized again with the expiry of the test's cards.
      { version: 3, cause: 'updated' },
      { version: 2, cause: 'credential_update', result: 'new_number', occurredAt: expect.any(String) },
      { version: 1, cause: 'created', card: { cardId: card['cardId'] } },
    ]);
  });

  it('lets two tokens stand for one card where the new one had a token already', async () => {
    const { freshNumber } = of();
    const number = freshNumber();
    const [first, second] = [await tokenOf(number), await tokenOf(freshNumber())];
    await push([result(second, 'new_number', { card: { number } })]);
    expect((await read(second)).card.cardId).toBe((await read(first)).card.cardId);
    expect(await tokenOf(number)).toBe(first);
    await of().call({ method: 'DELETE', path: `/v1/tokens/${first}` });
    expect((await reveal(of(), second)).body.card).toMatchObject({ number });
  });

  it('closes a card, says so once, and opens it again with what the cardholder sends', async () => {
    const { call, freshNumber } = of();
    const token = await tokenOf(freshNumber());
    const closed = result(token, 'closed');
    await push([closed]);
    expect(await read(token)).toMatchObject({ state: 'active', cardState: 'closed', recordVersion: 2 });
    expect((await reveal(of(), token)).status).toBe(200);
    expect(await push([closed, result(token, 'closed'), result(token, 'contact_cardholder')])).toMatchObject([
      { outcome: 'applied', recordVersion: 2 },
      { outcome: 'unchanged' },
      { outcome: 'unchanged' },
    ]);
    expect((await trailOf(token)).events).toMatchObject([
      { type: 'credential.closed', data: { result: 'closed', cardState: 'closed' } },
    ]);
    await call({ method: 'PATCH', path: `/v1/tokens/${token}`, body: { card: { expiryYear: 2040 } } });
    expect(await read(token)).not.toHaveProperty('cardState');
  });

  it('applies a result once, however often and however many at a time it comes, and refuses another under its id', async () => {
    const { freshNumber, owner } = of();
    const [token, number] = [await tokenOf(freshNumber()), freshNumber()];
    const update = result(token, 'new_number', { card: { number, expiryMonth: 3, expiryYear: 2036 } });
    const answers = await Promise.all(Array.from({ length: 6 }, () => push([update, update])));
    expect(new Set(answers.flat().map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([JSON.stringify({ status: 200, outcome: 'applied', recordVersion: 2 })]),
    );
    expect((await trailOf(token)).audit).toEqual(['credential.updated']);
    const { rowCount } = await owner.query('SELECT 1 FROM records WHERE token = $1', [token]);
    expect(rowCount).toBe(2);
    expect(await push([{ ...update, code: 'closed', card: undefined }])).toMatchObject([
      { status: 422, problem: { code: 'idempotency_key_reused' } },
    ]);
  });

  it('knows what is late by its time and by the card that it is about, and changes nothing', async () => {
    const { freshNumber, call } = of();
    const token = await tokenOf(freshNumber());
    const early = new Date(Date.now() - 3_600_000).toISOString();
    const { card } = await read(token);
    const expiry = { expiryMonth: 12, expiryYear: 2045 };
    expect(
      await push([
        result(token, 'new_expiry', { card: expiry, occurredAt: early }),
        result(token, 'new_expiry', {
          card: expiry,
          previous: { lastFour: card.lastFour, expiryYear: 2029 },
        }),
        result(token, 'unchanged'),
      ]),
    ).toEqual([
      { status: 200, outcome: 'stale', recordVersion: 1 },
      { status: 200, outcome: 'stale', recordVersion: 1 },
      { status: 200, outcome: 'unchanged', recordVersion: 1 },
    ]);
    expect(await trailOf(token)).toEqual({
      events: [],
      audit: Array.from({ length: 3 }, () => 'credential.update_ignored'),
    });
    await call({ method: 'DELETE', path: `/v1/tokens/${token}` });
    expect(await push([result(token, 'closed')])).toMatchObject([{ status: 404 }]);
  });

  it('answers each result by itself', async () => {
    const { freshNumber } = of();
    const token = await tokenOf(freshNumber());
    const { body: globex } = await of().tokenize(freshNumber(), { as: 'globexShop' });
    const ahead = new Date(Date.now() + 3_600_000).toISOString();
    const results = await push([
      result(token, 'new_number'),
      result(token, 'new_number', { card: { number: '4242424242424241' } }),
      result(token, 'new_expiry', { card: { expiryMonth: 1 } }),
      result(token, 'closed', { card: { expiryMonth: 1, expiryYear: 2040 } }),
      result(token, 'new_expiry', { card: { expiryMonth: 1, expiryYear: 2040 }, occurredAt: ahead }),
      result(token, 'new_number', { card: { number: CARDS.discover, expiryMonth: 1, expiryYear: 2020 } }),
      result('tok_00000000000000000000000000', 'closed'),
      result(globex.token, 'contact_cardholder'),
      { code: 'closed' },
    ]);
    expect(results.map(({ status, problem, outcome }) => [status, problem?.code ?? outcome])).toEqual([
      ...Array.from({ length: 5 }, () => [400, 'invalid_request']),
      [422, 'card_expired'],
      [404, 'token_not_found'],
      [200, 'applied'],
      [400, 'invalid_request'],
    ]);
    expect(JSON.stringify(results)).not.toMatch(/4242424242424241|6011111111111117/);
    expect(await of().call({ path: '/v1/credential-updates', body: {} })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
  });

  it('gives cards their numbers while others are tokenized, updated and deleted, and no two cards one fingerprint', async () => {
    const { call, freshNumber, owner } = of();
    const numbers = Array.from({ length: 4 }, freshNumber);
    const tokens = await Promise.all(Array.from({ length: 4 }, () => tokenOf(freshNumber())));
    const pushes = tokens.flatMap((token) =>
      numbers.map((number) => push([result(token, 'new_number', { card: { number } })])),
    );
    await Promise.all([
      ...pushes,
      ...numbers.map(tokenOf),
      call({ method: 'DELETE', path: `/v1/tokens/${tokens[0]}` }),
    ]);
    const { rows } = await owner.query(
      `SELECT count(*) AS orphans FROM tokens t WHERE state = 'active' AND NOT EXISTS (
         SELECT 1 FROM cards c WHERE c.card_id = t.card_id) AND EXISTS (
         SELECT 1 FROM records r WHERE r.token = t.token)`,
    );
    expect(rows).toEqual([{ orphans: '0' }]);
    for (const token of tokens.slice(1)) {
      const { number } = (await reveal(of(), token)).body.card as { number: string };
      expect([...numbers]).toContain(number);
      expect((await read(token)).card.lastFour).toBe(number.slice(-4));
    }
  });
}
