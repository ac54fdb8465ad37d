import { expect, it } from 'vitest';
import { createAdyenAdapter } from '../../src/psp/adyen.ts';
import { createStripeAdapter } from '../../src/psp/stripe.ts';
import type { PspRequest } from '../../src/psp/transport.ts';

const PSPS = {
  stripe: { create: createStripeAdapter, credentials: { apiKey: 'sk_test_0123456789abcdef' } },
  adyen: {
    create: createAdyenAdapter,
    credentials: { apiKey: 'AQEyhmfxK4_simulated_key', merchantAccount: 'AcmeECOM' },
  },
};

it.each([
  ['stripe', 'payment_method_data[card][cvc]=737'],
  ['adyen', '"cvc":"737"'],
] as const)('the %s adapter sends the CVC that a payment brought, and no other', async (psp, wanted) => {
  const sent: PspRequest[] = [];
  const adapter = PSPS[psp].create(new URL('https://psp.test'), {
    send: async (request) => {
      sent.push(request);
      return { status: 200, headers: {}, text: '{}' };
    },
    close: async () => {},
  });
  const payment = {
    charge: {
      paymentId: 'pay_00000000000000000000000001',
      attemptId: 'att_00000000000000000000000001',
      amount: 1050,
      currency: 'EUR',
      capture: 'automatic' as const,
    },
    card: { number: '4242424242424242', expiryMonth: 3, expiryYear: 2030 },
    credentials: PSPS[psp].credentials,
  };
  await adapter.charge({ ...payment, cvc: '737' });
  await adapter.charge(payment);
  const [withCvc = '', without = ''] = sent.map(({ body }) => decodeURIComponent(String(body)));
  expect(withCvc).toContain(wanted);
  expect(without).toContain('4242424242424242');
  expect(without).not.toContain('cvc');
});
