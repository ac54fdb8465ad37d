import { brandOf } from '../card.ts';
import { nextId } from '../ids.ts';
import { type DeclineReason, declineReason } from '../magic.ts';
import type { Answer, SimulatorState } from '../state.ts';
import { stripeError } from './errors.ts';
import type { ChargeParameters } from './parameters.ts';

/** Stripe's `code` and `decline_code`. @see https://docs.stripe.com/declines/codes */
const DECLINES: Record<DeclineReason, { code: string; declineCode: string; message: string }> = {
  generic_decline: declined('generic_decline', 'Your card was declined.'),
  insufficient_funds: declined('insufficient_funds', 'Your card has insufficient funds.'),
  lost_card: declined('lost_card', 'Your card was declined.'),
  stolen_card: declined('stolen_card', 'Your card was declined.'),
  fraudulent: declined('fraudulent', 'Your card was declined.'),
  card_velocity_exceeded: declined(
    'card_velocity_exceeded',
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
  ),
  expired_card: { code: 'expired_card', declineCode: 'expired_card', message: 'Your card has expired.' },
  processing_error: {
    code: 'processing_error',
    declineCode: 'processing_error',
    message: 'An error occurred while processing your card. Try again in a little bit.',
  },
  authentication_required: {
    code: 'authentication_required',
    declineCode: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
  },
};

function declined(declineCode: string, message: string) {
  return { code: 'card_declined', declineCode, message };
}

/** Makes the charge and writes the ledger. */
export function createPaymentIntent(
  state: SimulatorState,
  parameters: ChargeParameters,
  idempotencyKey: string | null,
  now: Date,
): Answer {
  const reason = declineReason(parameters.cardNumber, parameters.amount);
  const intent = paymentIntent(parameters, reason, now);
  state.psp('stripe').objects.set(intent.id, intent);
  state.ledger.push({
    psp: 'stripe',
    id: intent.id,
    idempotencyKey,
    reference: parameters.metadata['attempt'] ?? null,
    amount: parameters.amount,
    currency: parameters.currency.toUpperCase(),
    brand: brandOf(parameters.cardNumber),
    lastFour: parameters.cardNumber.slice(-4),
    outcome: reason === undefined ? 'approved' : 'declined',
    reason: reason ?? null,
    captured: reason === undefined && !parameters.manualCapture,
    at: now.toISOString(),
  });
  if (reason === undefined) return { status: 200, body: intent };
  const { code, declineCode, message } = DECLINES[reason];
  return stripeError(402, {
    type: 'card_error',
    code,
    decline_code: declineCode,
    message,
    charge: intent.latest_charge,
    payment_intent: intent,
  });
}

function paymentIntent(parameters: ChargeParameters, reason: DeclineReason | undefined, now: Date) {
  const { amount, currency, manualCapture, metadata, description } = parameters;
  const approved = reason === undefined;
  const paid = manualCapture ? 'requires_capture' : 'succeeded';
  return {
    id: nextId('pi_', 24),
    object: 'payment_intent',
    amount,
    amount_capturable: approved && manualCapture ? amount : 0,
    amount_received: approved && !manualCapture ? amount : 0,
    capture_method: manualCapture ? 'manual' : 'automatic',
    confirmation_method: 'automatic',
    created: Math.floor(now.getTime() / 1000),
    currency,
    description,
    latest_charge: nextId('ch_', 24),
    allowed_payment_method_types: ['card'],
    livemode: false,
    metadata,
    payment_method_types: ['card'],
    status: approved ? paid : 'requires_payment_method',
  };
}
