import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/index.ts';

const KEY = 'AQEyhmfxK4_simulated_key';
let psp: Simulator;
beforeAll(async () => {
  psp = await startSimulator({ slowMs: 20 });
});
afterAll(() => psp.close());
beforeEach(() => psp.state.reset());

function request(overrides: Record<string, unknown> = {}, card: Record<string, unknown> = {}) {
  return {
    amount: { currency: 'EUR', value: 1050 },
    merchantAccount: 'AcmeECOM',
    reference: 'att_1',
    returnUrl: 'https://example.com/return',
    paymentMethod: {
      type: 'scheme',
      number: '4111111111111111',
      expiryMonth: '03',
      expiryYear: '2030',
      ...card,
    },
    ...overrides,
  };
}

// The official SDK is put through the same protocol by the connector's tests; here the wire itself is looked at.
async function pay(body: unknown, headers: Record<string, string> = {}, version = 'v72') {
  const response = await fetch(`${psp.adyenUrl}/${version}/payments`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'x-api-key': KEY, 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the Adyen protocol', () => {
  it('authorises a card', async () => {
    const { status, body } = await pay(request());
    expect(status).toBe(200);
    expect(body).toMatchObject({ resultCode: 'Authorised', merchantReference: 'att_1' });
    expect(body['pspReference']).toMatch(/^[0-9A-Z]{16}$/);
    expect(psp.state.ledger).toMatchObject([{ outcome: 'approved', lastFour: '1111', captured: true }]);
  });

  it.each([
    ['4000000000000002', 'Refused', '2', 'Refused'],
    ['4000000000009995', 'Refused', '12', 'Not enough balance'],
    ['4000000000000119', 'Error', '4', 'Acquirer Error'],
    ['4100000000000019', 'Refused', '20', 'FRAUD'],
  ])('answers card %s with %s %s', async (number, resultCode, refusalReasonCode, refusalReason) => {
    const { status, body } = await pay(request({}, { number }));
    expect(status).toBe(200);
    expect(body).toMatchObject({ resultCode, refusalReasonCode, refusalReason });
    expect(psp.state.ledger).toMatchObject([{ outcome: 'declined' }]);
  });

  it('honours the holder names of the real test platform', async () => {
    const { body } = await pay(request({}, { holderName: 'NOT_ENOUGH_BALANCE' }));
    expect(body).toMatchObject({ resultCode: 'Refused', refusalReasonCode: '12' });
  });

  it.each([
    ['a wrong check digit', request({}, { number: '4111111111111112' }), 422, '101'],
    ['an expired card', request({}, { expiryYear: '2020' }), 422, '129'],
    ['an unknown currency', request({ amount: { currency: 'XYZ', value: 100 } }), 422, '138'],
    ['a zero amount', request({ amount: { currency: 'EUR', value: 0 } }), 422, '137'],
    ['an unknown field', request({ colour: 'red' }), 422, '702'],
    ['no amount', request({ amount: undefined }), 422, '100'],
    ['no reference', request({ reference: undefined }), 422, '130'],
    ['no merchant account', request({ merchantAccount: undefined }), 403, '901'],
  ])('refuses %s', async (_name, body, status, errorCode) => {
    const answer = await pay(body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ status, errorCode });
    expect(psp.state.ledger).toEqual([]);
  });

  it('refuses a missing or malformed key, another version and malformed JSON', async () => {
    expect((await pay(request(), { 'x-api-key': '' })).status).toBe(401);
    expect((await pay(request(), { 'x-api-key': 'short' })).status).toBe(401);
    expect((await pay(request(), {}, 'v12')).status).toBe(404);
    const response = await fetch(`${psp.adyenUrl}/v72/payments`, {
      method: 'POST',
      body: '{"amount"',
      headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
    });
    expect(response.status).toBe(400);
  });

  it('replays the first result for a known key, and charges again after a 500 that did nothing', async () => {
    const key = { 'idempotency-key': 'key-1' };
    const first = await pay(request(), key);
    expect((await pay(request(), key)).body).toEqual(first.body);
    expect(psp.state.ledger).toHaveLength(1);
    psp.state.psp('adyen').faults.push('error-before');
    const other = { 'idempotency-key': 'key-2' };
    expect((await pay(request(), other)).status).toBe(500);
    expect((await pay(request(), other)).status).toBe(200);
    expect(psp.state.ledger).toHaveLength(2);
  });

  it('refuses a key longer than 64 characters', async () => {
    expect((await pay(request(), { 'idempotency-key': 'k'.repeat(65) })).status).toBe(422);
  });

  it('answers 429 and 500 when asked to, and slowly', async () => {
    expect((await pay(request({ amount: { currency: 'EUR', value: 42_900 } }))).status).toBe(429);
    expect((await pay(request({ amount: { currency: 'EUR', value: 50_002 } }))).status).toBe(500);
    expect((await pay(request({ amount: { currency: 'EUR', value: 30_000 } }))).status).toBe(200);
    expect(psp.state.ledger).toHaveLength(2);
  });
});
