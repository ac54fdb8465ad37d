/**
 * What a request triggers by its own content. One table for both PSPs, so that a test reads the same whichever
 * of them is asked first. The README shows these tables to people; a test keeps the two equal.
 */

/** Why an issuer says no; each protocol has its own words for it. */
export type DeclineReason =
  | 'generic_decline'
  | 'insufficient_funds'
  | 'lost_card'
  | 'stolen_card'
  | 'expired_card'
  | 'processing_error'
  | 'card_velocity_exceeded'
  | 'fraudulent'
  | 'authentication_required';

/** How the answer is delivered, whatever it is. `before` and `after`: the charge did not, or did, take place. */
export type Behaviour =
  | 'answer'
  | 'slow'
  | 'timeout-before'
  | 'timeout-after'
  | 'reset-before'
  | 'reset-after'
  | 'error-before'
  | 'error-after'
  | 'rate-limit';

/** Test numbers that Stripe documents, honoured by both protocols. @see https://docs.stripe.com/testing#declined-payments */
export const DECLINED_CARDS: ReadonlyMap<string, DeclineReason> = new Map([
  ['4000000000000002', 'generic_decline'],
  ['4000000000009995', 'insufficient_funds'],
  ['4000000000009987', 'lost_card'],
  ['4000000000009979', 'stolen_card'],
  ['4000000000000069', 'expired_card'],
  ['4000000000000119', 'processing_error'],
  ['4000000000006975', 'card_velocity_exceeded'],
  ['4100000000000019', 'fraudulent'],
  ['4000002760003184', 'authentication_required'],
]);

/** Amounts in the minor units that the PSP receives. Ours, not a PSP's: real ones have no such thing. */
export const MAGIC_AMOUNTS: ReadonlyMap<number, Behaviour> = new Map([
  [30_000, 'slow'],
  [40_001, 'timeout-before'],
  [40_002, 'timeout-after'],
  [40_003, 'reset-before'],
  [40_004, 'reset-after'],
  [42_900, 'rate-limit'],
  [50_001, 'error-before'],
  [50_002, 'error-after'],
]);

export const DECLINED_AMOUNTS: ReadonlyMap<number, DeclineReason> = new Map([
  [60_001, 'insufficient_funds'],
  [60_002, 'stolen_card'],
  [60_003, 'processing_error'],
]);

/** What the issuer says to this card and amount; undefined is yes. Every other valid number is approved. */
export function declineReason(cardNumber: string, amount: number): DeclineReason | undefined {
  return DECLINED_CARDS.get(cardNumber) ?? DECLINED_AMOUNTS.get(amount);
}
