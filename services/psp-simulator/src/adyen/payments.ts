import { brandOf } from '../card.ts';
import { nextPspReference } from '../ids.ts';
import { type DeclineReason, declineReason } from '../magic.ts';
import type { Answer, SimulatorState } from '../state.ts';
import type { PaymentParameters } from './parameters.ts';

type Refusal = readonly [resultCode: 'Refused' | 'Error' | 'Cancelled', code: string, reason: string];

/** Adyen's words. @see https://docs.adyen.com/development-resources/refusal-reasons */
const REFUSALS: Record<DeclineReason, Refusal> = {
  generic_decline: ['Refused', '2', 'Refused'],
  insufficient_funds: ['Refused', '12', 'Not enough balance'],
  lost_card: ['Refused', '5', 'Blocked Card'],
  stolen_card: ['Refused', '5', 'Blocked Card'],
  expired_card: ['Refused', '6', 'Expired Card'],
  processing_error: ['Error', '4', 'Acquirer Error'],
  card_velocity_exceeded: ['Refused', '28', 'Withdrawal count exceeded'],
  fraudulent: ['Refused', '20', 'FRAUD'],
  authentication_required: ['Refused', '38', 'Authentication required'],
};

/**
 * The holder names that trigger a refusal on Adyen's own test platform.
 * @see https://docs.adyen.com/development-resources/testing/result-codes
 */
export const HOLDER_NAMES: Record<string, Refusal> = {
  DECLINED: ['Refused', '2', 'Refused'],
  REFERRAL: ['Refused', '3', 'Referral'],
  ERROR: ['Error', '4', 'Acquirer Error'],
  BLOCK_CARD: ['Refused', '5', 'Blocked Card'],
  CARD_EXPIRED: ['Refused', '6', 'Expired Card'],
  INVALID_AMOUNT: ['Refused', '7', 'Invalid Amount'],
  INVALID_CARD_NUMBER: ['Refused', '8', 'Invalid Card Number'],
  ISSUER_UNAVAILABLE: ['Refused', '9', 'Issuer Unavailable'],
  NOT_SUPPORTED: ['Refused', '10', 'Not supported'],
  NOT_ENOUGH_BALANCE: ['Refused', '12', 'Not enough balance'],
  ACQUIRER_FRAUD: ['Refused', '14', 'Acquirer Fraud'],
  CANCELLED: ['Cancelled', '15', 'Cancelled'],
};

/** Makes the payment and writes the ledger. */
export function makePayment(
  state: SimulatorState,
  parameters: PaymentParameters,
  idempotencyKey: string | null,
  now: Date,
): Answer {
  const { amount, currency, cardNumber, holderName, reference, manualCapture } = parameters;
  const reason = declineReason(cardNumber, amount);
  const refusal = reason === undefined ? HOLDER_NAMES[holderName] : REFUSALS[reason];
  const pspReference = nextPspReference();
  state.ledger.push({
    psp: 'adyen',
    id: pspReference,
    idempotencyKey,
    reference,
    amount,
    currency,
    brand: brandOf(cardNumber),
    lastFour: cardNumber.slice(-4),
    outcome: refusal === undefined ? 'approved' : 'declined',
    reason: refusal?.[2] ?? null,
    captured: refusal === undefined && !manualCapture,
    at: now.toISOString(),
  });
  const common = { pspReference, merchantReference: reference, amount: { currency, value: amount } };
  if (refusal === undefined) return { status: 200, body: { ...common, resultCode: 'Authorised' } };
  const [resultCode, refusalReasonCode, refusalReason] = refusal;
  return { status: 200, body: { ...common, resultCode, refusalReason, refusalReasonCode } };
}
