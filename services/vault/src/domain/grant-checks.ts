/** A stored reveal grant. */
export interface Grant {
  merchant: string;
  token: string;
  paymentId: string;
  attemptId: string;
  connector: string;
  subject: string;
  purpose: string;
  expiresAt: Date;
  redeemedAt: Date | undefined;
}

/** What is presented with it. */
export interface Redemption {
  attemptId: string;
  connector: string;
  subject: string;
  mayActFor: (merchant: string) => boolean;
  now: Date;
}

/** Every reason for which a grant is refused, in the order in which they are looked for. */
const CHECKS: readonly [reason: string, fails: (grant: Grant, presented: Redemption) => boolean][] = [
  ['merchant_not_allowed', (grant, { mayActFor }) => !mayActFor(grant.merchant)],
  ['other_subject', (grant, { subject }) => grant.subject !== subject],
  ['other_attempt', (grant, { attemptId }) => grant.attemptId !== attemptId],
  ['other_connector', (grant, { connector }) => grant.connector !== connector],
  ['redeemed_before', (grant) => grant.redeemedAt !== undefined],
  ['expired', (grant, { now }) => grant.expiresAt.getTime() <= now.getTime()],
];

/** @returns why the grant does not open the card for this caller, or undefined when it does */
export function refusalOf(grant: Grant | undefined, presented: Redemption): string | undefined {
  if (!grant) return 'unknown_grant';
  return CHECKS.find(([, fails]) => fails(grant, presented))?.[0];
}
