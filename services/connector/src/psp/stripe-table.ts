import type { CapabilityTable, Verdict } from './port.ts';
import { hardDecline, notProcessed, softDecline, unknown } from './verdict.ts';

/**
 * Issuers' reasons, by Stripe's `decline_code`.
 * Hard are those for which the networks or Stripe say that asking again is pointless or forbidden.
 *
 * @see https://docs.stripe.com/declines/codes
 */
const DECLINE_CODES: Record<string, Verdict> = {
  approve_with_id: softDecline('declined'),
  authentication_not_handled: softDecline('authentication_required'),
  authentication_required: softDecline('authentication_required'),
  call_issuer: softDecline('call_issuer'),
  card_not_supported: softDecline('card_not_supported'),
  card_velocity_exceeded: softDecline('velocity_exceeded'),
  currency_not_supported: softDecline('currency_not_supported'),
  do_not_honor: softDecline('do_not_honor'),
  do_not_try_again: hardDecline('do_not_try_again'),
  duplicate_transaction: hardDecline('duplicate_transaction'),
  expired_card: hardDecline('expired_card'),
  fraudulent: hardDecline('fraud_suspected'),
  generic_decline: softDecline('declined'),
  highest_risk_level: hardDecline('fraud_suspected'),
  incorrect_cvc: softDecline('incorrect_cvc'),
  incorrect_number: hardDecline('invalid_card_number'),
  incorrect_zip: softDecline('incorrect_address'),
  insufficient_funds: softDecline('insufficient_funds'),
  invalid_account: hardDecline('invalid_account'),
  invalid_amount: softDecline('invalid_amount'),
  invalid_cvc: softDecline('incorrect_cvc'),
  invalid_expiry_month: hardDecline('expired_card'),
  invalid_expiry_year: hardDecline('expired_card'),
  invalid_number: hardDecline('invalid_card_number'),
  issuer_not_available: softDecline('issuer_unavailable'),
  lost_card: hardDecline('lost_card'),
  merchant_blacklist: hardDecline('blocked_by_merchant'),
  new_account_information_available: softDecline('declined'),
  no_action_taken: softDecline('declined'),
  not_permitted: softDecline('not_permitted'),
  pickup_card: hardDecline('pickup_card'),
  processing_error: softDecline('processing_error'),
  reenter_transaction: softDecline('processing_error'),
  restricted_card: hardDecline('restricted_card'),
  revocation_of_all_authorizations: hardDecline('authorization_revoked'),
  revocation_of_authorization: hardDecline('authorization_revoked'),
  security_violation: softDecline('declined'),
  service_not_allowed: softDecline('not_permitted'),
  stolen_card: hardDecline('stolen_card'),
  stop_payment_order: hardDecline('authorization_revoked'),
  testmode_decline: hardDecline('test_card'),
  transaction_not_allowed: softDecline('not_permitted'),
  try_again_later: softDecline('declined'),
  withdrawal_count_limit_exceeded: softDecline('velocity_exceeded'),
};

/**
 * Stripe's own refusals, by `code`.
 *
 * @see https://docs.stripe.com/error-codes
 */
const ERROR_CODES: Record<string, Verdict> = {
  card_decline_rate_limit_exceeded: hardDecline('velocity_exceeded'),
  // Another request with our key is under way: what it does is not known yet.
  idempotency_key_in_use: unknown('request_in_progress'),
  lock_timeout: notProcessed('psp_rate_limited'),
  rate_limit: notProcessed('psp_rate_limited'),
  amount_too_large: notProcessed('invalid_amount'),
  amount_too_small: notProcessed('invalid_amount'),
};

/**
 * What is particular to Stripe.
 *
 * Idempotency: https://docs.stripe.com/api/idempotent_requests (the first result is replayed, 500s included; keys
 * may be pruned after 24 hours; other parameters are an error).
 * Lookup: list, because search lags by up to a minute: https://docs.stripe.com/search#data-freshness
 * Minor units: https://docs.stripe.com/currencies#special-cases (ISK and UGX are given with two decimals, MGA with
 * none; three-decimal currencies must end in 0).
 */
export const STRIPE_TABLE: CapabilityTable = {
  provider: 'stripe',
  defaultEndpoint: 'https://api.stripe.com',
  credentialKeys: ['apiKey'],
  idempotency: {
    scope: 'account and mode',
    lifeHours: 24,
    maxKeyLength: 255,
    refusesOtherBody: true,
    replaysServerErrors: true,
  },
  lookup: { by: 'list', consistencyWindowSeconds: 60 },
  minorUnitDigits: { ISK: 2, MGA: 0, UGX: 2 },
  roundsToTen: ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'],
  verdicts: { ...ERROR_CODES, ...DECLINE_CODES },
};
