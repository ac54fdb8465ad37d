import { z } from 'zod';
import { AttemptId, CardSummary, Merchant, PaymentId } from './identifiers.ts';
import { RevealGrant } from './reveals.ts';
import { SealedCvc } from './tokens.ts';

/** What a PSP said, in one vocabulary; the raw code is kept beside it. */
export const ChargeOutcome = z.enum(['approved', 'soft_decline', 'hard_decline', 'error', 'unknown']);
export type ChargeOutcome = z.infer<typeof ChargeOutcome>;

/** Amount in minor units of an ISO 4217 currency. */
export const Amount = z.int().min(1).max(999_999_999_999);
export const Currency = z
  .string()
  .regex(/^[A-Z]{3}$/)
  .describe('ISO 4217, upper case.');

/** `POST /v1/charges` of a connector (permission `charges:create`; the router). Internal. */
export const CreateCharge = z.strictObject({
  paymentId: PaymentId,
  attemptId: AttemptId.describe('Also the idempotency key and our reference at the PSP.'),
  merchant: Merchant,
  account: z.string().describe('Name of an account of this connector that names the merchant.'),
  amount: Amount,
  currency: Currency,
  capture: z.enum(['automatic', 'manual']),
  card: CardSummary,
  grant: RevealGrant.shape.grant,
  sealedCvc: SealedCvc.optional().describe('For the reveal.'),
});
export type CreateCharge = z.infer<typeof CreateCharge>;

/**
 * What became of the attempt. `processed` is the part that failover stands on:
 * `no` is definitive (the PSP did not and will not charge); `unknown` is a timeout, a reset, a 5xx.
 */
export const ChargeResult = z.strictObject({
  outcome: ChargeOutcome,
  processed: z.enum(['yes', 'no', 'unknown']),
  code: z
    .string()
    .describe('Of the common vocabulary: `approved`, `insufficient_funds`, `psp_unreachable`, `timeout` ...'),
  rawCode: z.string().optional().describe('As the PSP sent it.'),
  pspReference: z.string().optional(),
});
export type ChargeResult = z.infer<typeof ChargeResult>;
