import type { Card, Event, Payment } from '@cofferdam/contracts';
import { testCards } from './cards.ts';
import type { Shop } from './client.ts';

export interface ScenarioPayment {
  story: string;
  payment: Payment;
  /** From the request to the answer, as the shop saw it. */
  milliseconds: number;
}

/** Takes a payment service provider of the simulator down, and up again. */
export interface PspSwitch {
  set(psp: 'stripe' | 'adyen', mode: 'up' | 'down'): Promise<void>;
}

/**
 * Three payments: one approved, one declined (and so tried nowhere else), one where the first PSP is down
 * and the second takes over.
 */
export async function playScenario(shop: Shop, psps: PspSwitch): Promise<ScenarioPayment[]> {
  const approved = await pay(shop, 'approved', testCards.visa);
  const declined = await pay(shop, 'reported stolen', testCards.visaStolen);
  await psps.set('stripe', 'down');
  try {
    return [approved, declined, await pay(shop, 'first PSP down', testCards.mastercard)];
  } finally {
    await psps.set('stripe', 'up');
  }
}

async function pay(shop: Shop, story: string, card: Card): Promise<ScenarioPayment> {
  const { token } = await shop.tokenize(card);
  const started = performance.now();
  const payment = await shop.pay({
    token,
    amount: 4_200,
    currency: 'EUR',
    reference: story.replaceAll(' ', '-'),
  });
  return { story, payment, milliseconds: Math.round(performance.now() - started) };
}

/** Whether every payment of the scenario has its final event among these. */
export function isComplete(events: readonly Event[], payments: readonly ScenarioPayment[]): boolean {
  return payments.every(({ payment }) =>
    events.some(({ subject, type }) => subject === payment.id && type !== 'payment.created'),
  );
}
