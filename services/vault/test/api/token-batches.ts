import { randomUUID } from 'node:crypto';
import { TokenBatch } from '@cofferdam/contracts';
import { expect, it } from 'vitest';
import { cardNumber } from '../support/card-numbers.ts';
import type { RunningVault } from '../support/running-vault.ts';
import { CARDS, card } from '../support/vault-caller.ts';

/** `POST /v1/token-batches` of a vault that the suite has started. */
export function tokenBatches(vault: () => RunningVault): void {
  const send = (items: unknown[], headers: Record<string, string> = {}) =>
    vault().call({ path: '/v1/token-batches', body: { items }, headers });
  const results = async (items: unknown[], headers: Record<string, string> = {}) => {
    const { status, body } = await send(items, headers);
    expect(status).toBe(200);
    return TokenBatch.parse(body).items;
  };

  it('answers each item by itself, in their order, and a repetition as at first', async () => {
    const number = vault().freshNumber();
    const headers = { 'idempotency-key': randomUUID() };
    const items = [
      card(number),
      card('4242424242424241'),
      card(number),
      { ...card(vault().freshNumber()), more: 1 },
      card(vault().freshNumber(), { expiryYear: 2020 }),
      'nothing',
      card(vault().freshNumber(), { holderName: 'Ada' }),
    ];
    const first = await results(items, headers);
    const codes = ['invalid_card_number', 'invalid_request', 'card_expired', 'invalid_request'];
    expect(first.map(({ status }) => status)).toEqual([201, 422, 200, 400, 422, 400, 201]);
    expect(first.flatMap(({ problem }) => problem?.code ?? [])).toEqual(codes);
    expect(first[2]?.token?.token).toBe(first[0]?.token?.token);

    const again = await results(items, headers);
    expect(again.map(({ token }) => token)).toEqual(first.map(({ token }) => token));
    const other = await results([card(vault().freshNumber())], headers);
    expect(other[0]?.problem?.code).toBe('idempotency_key_reused');
  });

  it('knows an item by its own key, also outside of the batch, and refuses the one that has none', async () => {
    const [own, number] = [randomUUID(), vault().freshNumber()];
    const body = { items: [{ idempotencyKey: own, ...card(number) }, card(vault().freshNumber())] };
    const answer = await vault().call({
      path: '/v1/token-batches',
      body,
      headers: { 'idempotency-key': '' },
    });
    // An empty header is none that can be used; without any, items need their own.
    expect(answer.body.code).toBe('invalid_request');
    const token = await vault().world.issuer.sign({ subject: 'system:serviceaccount:payments-dev:checkout' });
    const response = await vault().world.tls.fetch(`${await vault().vault.url()}/v1/token-batches`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { items } = TokenBatch.parse(await response.json());
    expect(items.map(({ status }) => status)).toEqual([201, 400]);
    expect(items[1]?.problem?.code).toBe('idempotency_key_missing');
    const single = await vault().tokenize(number, { headers: { 'idempotency-key': own } });
    expect([single.status, single.body]).toEqual([201, items[0]?.token]);
  });

  it('takes 500 cards at once, and neither more nor a larger body', async () => {
    const numbers = Array.from({ length: 500 }, (_, i) => cardNumber(900_000 + i));
    const all = await results(numbers.map((number) => card(number)));
    expect(all.every(({ status }) => status === 201)).toBe(true);
    expect(new Set(all.map(({ token }) => token?.token)).size).toBe(500);
    expect(await send([...numbers, CARDS.visa].map((number) => card(number)))).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
    expect(await send([])).toMatchObject({ status: 400 });
    const huge = numbers.map((number) => card(number, { holderName: 'x'.repeat(2000) }));
    expect(await send(huge)).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  });
}
