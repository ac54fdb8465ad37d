import { describe, expect, it } from 'vitest';
import { createStripeAdapter } from '../../src/psp/stripe.ts';
import type { PspRequest } from '../../src/psp/transport.ts';

/** What a PSP in trouble may answer, which no simulator should. */
async function chargeAnswered(status: number, body: object, endpoint = 'https://psp.test') {
  const sent: PspRequest[] = [];
  const adapter = createStripeAdapter(new URL(endpoint), {
    send: async (request) => {
      sent.push(request);
      return { status, headers: {}, text: JSON.stringify(body) };
    },
    close: async () => {},
  });
  const result = await adapter.charge({
    charge: {
      paymentId: 'pay_00000000000000000000000001',
      attemptId: 'att_00000000000000000000000001',
      amount: 1050,
      currency: 'EUR',
      capture: 'automatic',
    },
    card: { number: '4242424242424242', expiryMonth: 3, expiryYear: 2030 },
    credentials: { apiKey: 'sk_test_0123456789abcdef' },
  });
  return { result, sent };
}

describe('the stripe adapter', () => {
  it('does not know what became of a charge after a 5xx, whatever its code says', async () => {
    for (const code of ['rate_limit', 'insufficient_funds']) {
      const { result, sent } = await chargeAnswered(503, { error: { type: 'api_error', code } });
      expect(result).toMatchObject({ outcome: 'unknown', processed: 'unknown', rawCode: code });
      expect(sent).toHaveLength(1);
    }
  });

  it('does not know what became of a charge whose key is in use or was used for another', async () => {
    for (const code of ['idempotency_key_in_use', undefined]) {
      const { result } = await chargeAnswered(409, { error: { type: 'idempotency_error', code } });
      expect(result).toMatchObject({ outcome: 'unknown', processed: 'unknown' });
    }
  });

  it('does not know what a status that it does not know means', async () => {
    const { result } = await chargeAnswered(200, { id: 'pi_1', status: 'requires_patience' });
    expect(result).toMatchObject({ outcome: 'unknown', code: 'unexpected_answer', pspReference: 'pi_1' });
  });

  it('keeps the path of its base URL', async () => {
    const { sent } = await chargeAnswered(200, { status: 'succeeded' }, 'https://gateway.test:8443/stripe/');
    expect(sent.map(({ url }) => url.href)).toEqual(['https://gateway.test:8443/stripe/v1/payment_intents']);
  });
});
