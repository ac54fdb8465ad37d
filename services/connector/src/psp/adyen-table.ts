import type { CapabilityTable, Verdict } from './port.ts';
import { APPROVED, hardDecline, notProcessed, softDecline, unknown } from './verdict.ts';

/**
 * `refusalReasonCode` of resultCode Refused, Cancelled and Error: each says that this payment did not go through.
 *
 * @see https://docs.adyen.com/development-resources/refusal-reasons
 */
const REFUSAL_REASONS: Record<string, Verdict> = {
  2: softDecline('declined'),
  3: softDecline('call_issuer'),
  4: softDecline('processing_error'),
  5: hardDecline('blocked_card'),
  6: hardDecline('expired_card'),
  7: softDecline('invalid_amount'),
  8: hardDecline('invalid_card_number'),
  9: softDecline('issuer_unavailable'),
  10: softDecline('not_permitted'),
  11: softDecline('authentication_failed'),
  12: softDecline('insufficient_funds'),
  14: hardDecline('fraud_suspected'),
  15: softDecline('cancelled'),
  16: softDecline('cancelled'),
  17: softDecline('invalid_pin'),
  18: softDecline('invalid_pin'),
  19: softDecline('invalid_pin'),
  20: hardDecline('fraud_suspected'),
  21: softDecline('not_submitted'),
  22: hardDecline('fraud_suspected'),
  23: softDecline('not_permitted'),
  24: softDecline('incorrect_cvc'),
  25: hardDecline('restricted_card'),
  26: hardDecline('authorization_revoked'),
  27: softDecline('declined'),
  28: softDecline('velocity_exceeded'),
  29: softDecline('velocity_exceeded'),
  31: hardDecline('fraud_suspected'),
  32: softDecline('incorrect_address'),
  33: softDecline('authentication_required'),
  34: softDecline('not_permitted'),
  35: softDecline('not_permitted'),
  36: softDecline('not_permitted'),
  37: softDecline('authentication_failed'),
  38: softDecline('authentication_required'),
  39: softDecline('not_permitted'),
  40: softDecline('invalid_pin'),
  41: softDecline('velocity_exceeded'),
  42: softDecline('authentication_failed'),
  46: hardDecline('invalid_account'),
};

/**
 * `resultCode`. What needs the shopper (a redirect, a challenge) is not charged and, because nobody is there to
 * answer, never will be.
 *
 * @see https://docs.adyen.com/online-payments/build-your-integration/payment-result-codes
 */
const RESULT_CODES: Record<string, Verdict> = {
  Authorised: APPROVED,
  Refused: softDecline('declined'),
  Cancelled: softDecline('cancelled'),
  Error: softDecline('processing_error'),
  ChallengeShopper: softDecline('authentication_required'),
  IdentifyShopper: softDecline('authentication_required'),
  RedirectShopper: softDecline('authentication_required'),
  // Some of the amount was taken: not what was asked for, and not nothing.
  PartiallyAuthorised: unknown('partially_authorised'),
  Pending: unknown('pending'),
  Received: unknown('pending'),
};

/**
 * `errorCode` of an HTTP error. Validation and security errors come before anything is processed.
 *
 * @see https://docs.adyen.com/development-resources/error-codes
 */
const ERROR_CODES: Record<string, Verdict> = {
  101: hardDecline('invalid_card_number'),
  129: hardDecline('expired_card'),
  137: notProcessed('invalid_amount'),
  138: notProcessed('currency_not_supported'),
  // The first request with our key is not finished.
  704: unknown('request_in_progress'),
  901: notProcessed('psp_authentication_failed'),
};

/**
 * What is particular to Adyen.
 *
 * Idempotency: https://docs.adyen.com/development-resources/api-idempotency (keys of the company account, at most 64
 * characters, at least seven days, not shared between regions).
 * Minor units: https://docs.adyen.com/development-resources/currency-codes (CLP, CVE, IDR and ISK differ from ISO 4217).
 * No lookup: Adyen tells by webhook, or by the same key again.
 */
export const ADYEN_TABLE: CapabilityTable = {
  provider: 'adyen',
  defaultEndpoint: 'https://checkout-test.adyen.com',
  credentialKeys: ['apiKey', 'merchantAccount'],
  idempotency: {
    scope: 'company account and region',
    lifeHours: 7 * 24,
    maxKeyLength: 64,
    refusesOtherBody: false,
    replaysServerErrors: false,
  },
  lookup: { by: 'none', consistencyWindowSeconds: 0 },
  minorUnitDigits: { CLP: 2, CVE: 0, IDR: 0, ISK: 2 },
  roundsToTen: [],
  verdicts: {
    ...prefixed('refusal', REFUSAL_REASONS),
    ...prefixed('result', RESULT_CODES),
    ...prefixed('error', ERROR_CODES),
  },
};

/** Adyen numbers refusals and errors alike, from two lists. */
function prefixed(list: string, verdicts: Record<string, Verdict>): Record<string, Verdict> {
  return Object.fromEntries(Object.entries(verdicts).map(([code, verdict]) => [`${list}:${code}`, verdict]));
}
