import { z } from 'zod';
import { Amount, ChargeOutcome, Currency } from './charges.ts';
import { AttemptId, CardSummary, PaymentId, Timestamp, Token } from './identifiers.ts';
import { SealedCvc } from './tokens.ts';

/** ISO 3166-1 alpha-2, upper case. */
export const Country = z.string().regex(/^[A-Z]{2}$/);

/** Text that PostgreSQL and JSON can hold: no NUL, no half of a surrogate pair. */
const Text = z.string().regex(/^[^\0\p{Cs}]*$/u, 'must not hold NUL or half a surrogate pair');

/** `POST /v1/payments` (permission `payments:create`, header Idempotency-Key). */
export const CreatePayment = z.strictObject({
  token: Token,
  sealedCvc: SealedCvc.optional().describe(
    'Of the answer that the token was created with. Kept in memory for as long as the payment is being made, and no part of what makes a request the same.',
  ),
  amount: Amount.describe('Minor units: 1050 is EUR 10.50, or JPY 1050.'),
  currency: Currency,
  capture: z.enum(['automatic', 'manual']).optional().describe('Default `automatic`.'),
  country: Country.optional().describe('Where the cardholder is billed; routing rules may ask for it.'),
  reference: Text.min(1).max(80).optional().describe("The caller's own reference."),
  metadata: z.record(Text.min(1).max(40), Text.max(500)).optional(),
});
export type CreatePayment = z.infer<typeof CreatePayment>;

/** `processing` and `unknown` are not final: an `unknown` payment may have been charged, and is never retried elsewhere. */
export const PaymentStatus = z.enum([
  'processing',
  'authorized',
  'captured',
  'declined',
  'failed',
  'unknown',
]);
export type PaymentStatus = z.infer<typeof PaymentStatus>;

export const PaymentAttempt = z.strictObject({
  id: AttemptId,
  connector: z.string(),
  account: z.string(),
  outcome: ChargeOutcome.or(z.literal('pending')),
  code: z.string().optional(),
  rawCode: z.string().optional(),
  pspReference: z.string().optional(),
  startedAt: Timestamp,
  finishedAt: Timestamp.optional(),
});
export type PaymentAttempt = z.infer<typeof PaymentAttempt>;

/** Answer of `POST /v1/payments` (201 whatever the PSP said; 200 for a replay) and of `GET /v1/payments/{id}`. */
export const Payment = z.strictObject({
  id: PaymentId,
  status: PaymentStatus,
  token: Token,
  card: CardSummary,
  amount: Amount,
  currency: Currency,
  capture: z.enum(['automatic', 'manual']),
  country: Country.optional(),
  reference: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  attempts: z.array(PaymentAttempt),
  selection: z
    .strictObject({ seed: z.string(), candidates: z.array(z.string()), reasons: z.array(z.string()) })
    .describe('Why these connectors, in this order.'),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Payment = z.infer<typeof Payment>;
