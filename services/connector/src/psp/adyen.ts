// The package's entry point loads every API of Adyen's (1.7 s); these two files load what a payment needs (0.1 s).
import { PaymentsApi } from '@adyen/api-library/lib/src/services/checkout/paymentsApi.js';
import type { PaymentRequest } from '@adyen/api-library/lib/src/typings/checkout/paymentRequest.js';
import type { PaymentResponse } from '@adyen/api-library/lib/src/typings/checkout/paymentResponse.js';
import type { ChargeResult } from '@cofferdam/contracts';
import { AdyenHttpError, adyenClient } from './adyen-http-client.ts';
import { ADYEN_TABLE } from './adyen-table.ts';
import { toProviderUnits } from './amount.ts';
import type { Credentials, PspAdapter, PspCharge, Verdict } from './port.ts';
import { type Transport, TransportError } from './transport.ts';
import { unanswered } from './unanswered.ts';
import { notProcessed, result, unknown } from './verdict.ts';

/** Charges through Checkout's `/payments` with the card as it is. @see https://docs.adyen.com/payment-methods/cards/raw-card-data */
export function createAdyenAdapter(endpoint: URL, transport: Transport): PspAdapter {
  return {
    table: ADYEN_TABLE,
    credentialsProblem,
    close: () => transport.close(),
    charge: async (request) => {
      const payment = paymentRequest(request);
      if (payment === undefined) return result(notProcessed('invalid_amount'));
      const client = adyenClient(request.credentials['apiKey'] ?? '', endpoint, transport);
      try {
        return fromPayment(
          await new PaymentsApi(client).payments(payment, { idempotencyKey: request.charge.attemptId }),
        );
      } catch (error) {
        return fromError(error);
      }
    },
  };
}

function credentialsProblem(credentials: Credentials): string | undefined {
  if (!/^[\x21-\x7e]{10,}$/.test(credentials['apiKey'] ?? '')) return 'apiKey is not an API key';
  return /^[\x21-\x7e]{1,80}$/.test(credentials['merchantAccount'] ?? '')
    ? undefined
    : 'merchantAccount is not a merchant account';
}

function paymentRequest({ charge, card, cvc, credentials }: PspCharge): PaymentRequest | undefined {
  const value = toProviderUnits(ADYEN_TABLE, charge.amount, charge.currency);
  if (value === undefined) return undefined;
  return {
    amount: { currency: charge.currency, value },
    merchantAccount: credentials['merchantAccount'] ?? '',
    reference: charge.attemptId,
    merchantOrderReference: charge.paymentId,
    // Required by the API, and never used: what would need a redirect is taken as declined.
    returnUrl: 'https://cofferdam.invalid/return',
    paymentMethod: {
      type: 'scheme',
      number: card.number,
      expiryMonth: String(card.expiryMonth).padStart(2, '0'),
      expiryYear: String(card.expiryYear),
      ...(card.holderName === undefined ? {} : { holderName: card.holderName }),
      ...(cvc === undefined ? {} : { cvc }),
    } as PaymentRequest['paymentMethod'],
    additionalData: { manualCapture: String(charge.capture === 'manual') },
  };
}

function fromPayment(response: PaymentResponse): ChargeResult {
  const { resultCode, refusalReasonCode, pspReference } = response;
  const byResult = ADYEN_TABLE.verdicts[`result:${resultCode}`] ?? unknown('unexpected_answer');
  const refused = byResult.processed === 'no';
  const byReason = refused ? ADYEN_TABLE.verdicts[`refusal:${refusalReasonCode}`] : undefined;
  const code = refused && refusalReasonCode ? refusalReasonCode : resultCode;
  return result(byReason ?? byResult, { code, reference: pspReference });
}

function fromError(error: unknown): ChargeResult {
  if (error instanceof TransportError) return result(unanswered(error));
  if (!(error instanceof AdyenHttpError)) return result(unknown('adapter_failure'));
  const { status, errorCode, pspReference } = error;
  const known = status >= 500 ? undefined : ADYEN_TABLE.verdicts[`error:${errorCode}`];
  return result(known ?? byStatus(status), {
    code: errorCode === undefined ? `http_${status}` : errorCode,
    reference: pspReference,
  });
}

/** @see https://docs.adyen.com/development-resources/response-handling */
function byStatus(status: number): Verdict {
  if (status === 401 || status === 403) return notProcessed('psp_authentication_failed');
  if (status === 429) return notProcessed('psp_rate_limited');
  if (status === 400 || status === 404 || status === 422) return notProcessed('psp_refused');
  return unknown('psp_error');
}
