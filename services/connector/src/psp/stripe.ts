import type { ChargeResult } from '@cofferdam/contracts';
import Stripe from 'stripe';
import { toProviderUnits } from './amount.ts';
import type { Credentials, PspAdapter, PspCharge, Verdict } from './port.ts';
import { StripeHttpClient } from './stripe-http-client.ts';
import { STRIPE_TABLE } from './stripe-table.ts';
import type { Transport } from './transport.ts';
import { unanswered } from './unanswered.ts';
import { APPROVED, notProcessed, result, softDecline, unknown } from './verdict.ts';

const KEY_FORMAT = /^(sk|rk)_(test|live)_[A-Za-z0-9_]+$/;

/**
 * Charges through PaymentIntents, created and confirmed in one call. The card goes along as it is, which Stripe allows
 * to accounts with raw card data access: https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis
 */
export function createStripeAdapter(endpoint: URL, transport: Transport): PspAdapter {
  const httpClient = new StripeHttpClient(endpoint, transport);
  return {
    table: STRIPE_TABLE,
    credentialsProblem,
    close: () => transport.close(),
    charge: async (request) => {
      const { attemptId } = request.charge;
      const parameters = intentParameters(request);
      if (parameters === undefined) return result(notProcessed('invalid_amount'));
      const client = new Stripe(request.credentials['apiKey'] ?? '', {
        httpClient,
        maxNetworkRetries: 0,
        telemetry: false,
      });
      try {
        return fromIntent(await client.paymentIntents.create(parameters, { idempotencyKey: attemptId }));
      } catch (error) {
        return fromError(error);
      }
    },
  };
}

function credentialsProblem(credentials: Credentials): string | undefined {
  return KEY_FORMAT.test(credentials['apiKey'] ?? '') ? undefined : 'apiKey is not a secret key (sk_ or rk_)';
}

function intentParameters({ charge, card, cvc }: PspCharge): Stripe.PaymentIntentCreateParams | undefined {
  const amount = toProviderUnits(STRIPE_TABLE, charge.amount, charge.currency);
  if (amount === undefined) return undefined;
  const paymentMethod = {
    type: 'card' as const,
    // Not in the SDK's types, which show only what every account may send.
    card: {
      ...{ number: card.number, exp_month: card.expiryMonth, exp_year: card.expiryYear },
      ...(cvc === undefined ? {} : { cvc }),
    },
    ...(card.holderName === undefined ? {} : { billing_details: { name: card.holderName } }),
  };
  return {
    amount,
    currency: charge.currency.toLowerCase(),
    confirm: true,
    capture_method: charge.capture,
    allowed_payment_method_types: ['card'],
    payment_method_data: paymentMethod,
    // Nobody is there to pass a challenge: a decline instead of a payment that waits.
    error_on_requires_action: true,
    metadata: { payment: charge.paymentId, attempt: charge.attemptId },
  };
}

/** @see https://docs.stripe.com/payments/paymentintents/lifecycle */
const INTENT_STATUS: Record<string, Verdict> = {
  succeeded: APPROVED,
  requires_capture: APPROVED,
  processing: unknown('pending'),
  requires_action: softDecline('authentication_required'),
  requires_payment_method: softDecline('declined'),
  canceled: softDecline('cancelled'),
};

function fromIntent(intent: Stripe.PaymentIntent): ChargeResult {
  const verdict = INTENT_STATUS[intent.status] ?? unknown('unexpected_answer');
  return result(verdict, { code: intent.status, reference: intent.id });
}

/** Reads single members of the SDK's error and lets go of it: it holds headers and the raw answer. */
function fromError(error: unknown): ChargeResult {
  if (!(error instanceof Stripe.errors.StripeError)) return result(unknown('adapter_failure'));
  if (error instanceof Stripe.errors.StripeConnectionError) return result(unanswered(error.detail));
  const { decline_code, code, statusCode = 0, rawType, requestId } = error;
  const reference = (error.payment_intent as { id?: unknown } | undefined)?.id ?? requestId;
  const rawCode = decline_code || code || (statusCode > 0 ? `http_${statusCode}` : undefined);
  const known = statusCode >= 500 ? undefined : STRIPE_TABLE.verdicts[decline_code || code || ''];
  return result(known ?? byStatus(statusCode, rawType), { code: rawCode, reference });
}

/** @see https://docs.stripe.com/api/errors */
function byStatus(status: number, type: string | undefined): Verdict {
  // Our key was used with other parameters: by whom and with what result is not known.
  if (type === 'idempotency_error') return unknown('idempotency_conflict');
  if (status === 402) return type === 'card_error' ? softDecline('declined') : notProcessed('psp_refused');
  if (status === 401 || status === 403) return notProcessed('psp_authentication_failed');
  if (status === 429) return notProcessed('psp_rate_limited');
  if (status === 400 || status === 404) return notProcessed('psp_refused');
  return unknown('psp_error');
}
