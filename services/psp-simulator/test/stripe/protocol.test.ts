import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/index.ts';

const KEY = 'sk_test_0123456789abcdef';
let psp: Simulator;
let stripe: Stripe;

beforeAll(async () => {
  psp = await startSimulator({ slowMs: 50 });
  const { hostname, port } = new URL(psp.stripeUrl);
  stripe = new Stripe(KEY, {
    host: hostname,
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: 500,
  });
});
afterAll(() => psp.close());
beforeEach(() => psp.state.reset());

function create(number: string, overrides: Record<string, unknown> = {}, idempotencyKey?: string) {
  const parameters = {
    amount: 1050,
    currency: 'eur',
    confirm: true,
    allowed_payment_method_types: ['card'],
    payment_method_data: { type: 'card', card: { number, exp_month: 12, exp_year: 2030 } },
    metadata: { attempt: 'att_1' },
    ...overrides,
  } as unknown as Stripe.PaymentIntentCreateParams;
  return stripe.paymentIntents.create(parameters, idempotencyKey === undefined ? {} : { idempotencyKey });
}

const errorOf = (call: Promise<unknown>): Promise<Stripe.errors.StripeError> =>
  call.then(
    () => Promise.reject(new Error('expected a refusal')),
    (error: Stripe.errors.StripeError) => error,
  );

async function post(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${psp.stripeUrl}/v1/payment_intents`, {
    method: 'POST',
    body,
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    },
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, never>,
  };
}

describe('the Stripe protocol, asked by the official SDK', () => {
  it('charges a card and shows the charge by id, in the list and in the ledger', async () => {
    const intent = await create('4242424242424242');
    expect(intent).toMatchObject({
      object: 'payment_intent',
      status: 'succeeded',
      amount: 1050,
      currency: 'eur',
    });
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ id: intent.id });
    const listed = await stripe.paymentIntents.list({ limit: 1 });
    expect(listed.data.map(({ id }) => id)).toEqual([intent.id]);
    expect(psp.state.ledger).toMatchObject([
      { id: intent.id, outcome: 'approved', lastFour: '4242', brand: 'visa', reference: 'att_1' },
    ]);
  });

  it('holds the amount when capture is manual', async () => {
    const intent = await create('4242424242424242', { capture_method: 'manual' });
    expect(intent).toMatchObject({ status: 'requires_capture', amount_capturable: 1050 });
    expect(psp.state.ledger).toMatchObject([{ captured: false }]);
  });

  it.each([
    ['4000000000000002', 'card_declined', 'generic_decline'],
    ['4000000000009995', 'card_declined', 'insufficient_funds'],
    ['4000000000009979', 'card_declined', 'stolen_card'],
    ['4000000000000069', 'expired_card', 'expired_card'],
    ['4000000000000119', 'processing_error', 'processing_error'],
  ])('declines %s with %s / %s', async (number, code, declineCode) => {
    const error = await errorOf(create(number));
    expect(error).toMatchObject({
      type: 'StripeCardError',
      statusCode: 402,
      code,
      decline_code: declineCode,
    });
    expect(psp.state.ledger).toMatchObject([{ outcome: 'declined' }]);
  });

  it.each([
    ['a wrong check digit', '4242424242424241', {}, 'incorrect_number'],
    [
      'a past year',
      '4242424242424242',
      {
        payment_method_data: {
          type: 'card',
          card: { number: '4242424242424242', exp_month: 1, exp_year: 2020 },
        },
      },
      'invalid_expiry_year',
    ],
    ['a zero amount', '4242424242424242', { amount: 0 }, 'parameter_invalid_integer'],
    ['an amount below the minimum', '4242424242424242', { amount: 10 }, 'amount_too_small'],
    ['an unknown parameter', '4242424242424242', { colour: 'red' }, 'parameter_unknown'],
    ['no confirmation', '4242424242424242', { confirm: false }, 'parameter_missing'],
  ])('refuses %s', async (_name, number, overrides, code) => {
    expect(await errorOf(create(number, overrides))).toMatchObject({ code });
    expect(psp.state.ledger).toEqual([]);
  });

  it('names a nested unknown parameter in brackets', async () => {
    const { status, body } = await post(
      'amount=100&currency=eur&confirm=true&payment_method_data[colour]=red',
    );
    expect(status).toBe(400);
    expect(body['error']).toMatchObject({
      code: 'parameter_unknown',
      param: 'payment_method_data[colour]',
      type: 'invalid_request_error',
    });
  });

  it('refuses an unknown currency, a repeated parameter and another content type', async () => {
    expect(await errorOf(create('4242424242424242', { currency: 'xyz' }))).toMatchObject({
      param: 'currency',
    });
    expect((await post('amount=1&amount=2')).status).toBe(400);
    expect((await post('{}', { 'content-type': 'application/json' })).status).toBe(400);
  });

  it('answers 401 without a key, with a malformed key and for an unknown path alike', async () => {
    for (const authorization of ['', 'Bearer nonsense', 'Basic abc']) {
      const { status, body } = await post('amount=1', { authorization });
      expect(status).toBe(401);
      expect(body['error']).toMatchObject({ type: 'invalid_request_error' });
    }
  });

  it('echoes Stripe-Version and gives every answer a Request-Id', async () => {
    const { headers } = await post('amount=1', { 'stripe-version': '2026-10-28.endive' });
    expect(headers.get('stripe-version')).toBe('2026-10-28.endive');
    expect(headers.get('request-id')).toMatch(/^req_/);
  });
});

describe('idempotency in the Stripe protocol', () => {
  it('replays the first result and charges once', async () => {
    const first = await create('4242424242424242', {}, 'key-1');
    const second = await create('4242424242424242', {}, 'key-1');
    expect(second.id).toBe(first.id);
    expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(psp.state.ledger).toHaveLength(1);
  });

  it('replays a decline', async () => {
    const declines = [
      await errorOf(create('4000000000000002', {}, 'key-1')),
      await errorOf(create('4000000000000002', {}, 'key-1')),
    ];
    expect(declines.map((error) => error.code)).toEqual(['card_declined', 'card_declined']);
    expect(psp.state.ledger).toHaveLength(1);
  });

  it('refuses other parameters with the same key', async () => {
    await create('4242424242424242', {}, 'key-1');
    const error = await errorOf(create('4242424242424242', { amount: 2000 }, 'key-1'));
    expect(error).toMatchObject({ type: 'StripeIdempotencyError', statusCode: 400 });
    expect(psp.state.ledger).toHaveLength(1);
  });

  it.each([
    [50_001, 0],
    [50_002, 1],
  ])('replays the 500 of amount %s, with %s charges made', async (amount, charges) => {
    for (let call = 0; call < 2; call++) {
      expect(await errorOf(create('4242424242424242', { amount }, 'key-1'))).toMatchObject({
        statusCode: 500,
      });
    }
    expect(psp.state.ledger).toHaveLength(charges);
  });

  it('answers 409 while the first request is under way', async () => {
    const first = create('4242424242424242', { amount: 30_000 }, 'key-1');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await errorOf(create('4242424242424242', { amount: 30_000 }, 'key-1'))).toMatchObject({
      code: 'idempotency_key_in_use',
    });
    await first;
    expect(psp.state.ledger).toHaveLength(1);
  });

  it('leaves the key free after a refused request and after a 429', async () => {
    await errorOf(create('4242424242424242', { amount: 1 }, 'key-1'));
    psp.state.psp('stripe').faults.push('rate-limit');
    expect(await errorOf(create('4242424242424242', {}, 'key-1'))).toMatchObject({ statusCode: 429 });
    expect(await create('4242424242424242', {}, 'key-1')).toMatchObject({ status: 'succeeded' });
  });
});

describe('failures in the Stripe protocol', () => {
  it.each([
    [40_001, 0],
    [40_002, 1],
  ])('amount %s is never answered, with %s charges made', async (amount, charges) => {
    expect(await errorOf(create('4242424242424242', { amount }))).toMatchObject({
      type: 'StripeConnectionError',
    });
    expect(psp.state.ledger).toHaveLength(charges);
  });

  it('gives the answer to a repetition of a charge that was not answered', async () => {
    await errorOf(create('4242424242424242', { amount: 40_002 }, 'key-1'));
    expect(await create('4242424242424242', { amount: 40_002 }, 'key-1')).toMatchObject({
      status: 'succeeded',
    });
    expect(psp.state.ledger).toHaveLength(1);
  });
});
