import { z } from 'zod';
import { CardState, CardSummary, IdempotencyKey, Timestamp, Token } from './identifiers.ts';

/** The card as the caller sends it; digits only. */
export const Card = z.strictObject({
  number: z.string().regex(/^[0-9]{12,19}$/, 'must be 12 to 19 digits, without spaces'),
  expiryMonth: z.int().min(1).max(12),
  expiryYear: z.int().min(2000).max(2099).describe('Four digits.'),
  holderName: z.string().min(1).max(100).optional(),
});
export type Card = z.infer<typeof Card>;

/** Card verification code, CVV, CID. */
export const Cvc = z.string().regex(/^[0-9]{3,4}$/, 'must be 3 or 4 digits');

/**
 * A CVC that only the vault can open, for this token and a short while. It is the only copy: nothing of it is stored
 * (PCI DSS 4.0.1, 3.3.1.2), and what is lost has to be asked for again.
 */
export const SealedCvc = z.string().regex(/^cvc_[A-Za-z0-9_-]{100,3000}$/, 'must be a sealed CVC');

const newToken = {
  card: Card,
  cvc: Cvc.optional().describe(
    'Given back as `sealedCvc`, and never stored. No part of what makes a request the same: a repetition may bring it or not.',
  ),
  ttlSeconds: z
    .int()
    .min(1)
    .max(315_360_000)
    .optional()
    .describe('Seconds after which the token ends by itself; instead of expiresAt. Absent: never.'),
  expiresAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('When the token ends by itself, RFC 3339; instead of ttlSeconds.'),
};

const oneEnd = {
  holds: (token: { ttlSeconds?: number | undefined; expiresAt?: string | undefined }) =>
    token.ttlSeconds === undefined || token.expiresAt === undefined,
  problem: { path: ['expiresAt'], message: 'must be absent where ttlSeconds is given' },
};

/** `POST /v1/tokens` (permission `tokens:create`, header Idempotency-Key). */
export const CreateToken = z.strictObject(newToken).refine(oneEnd.holds, oneEnd.problem);
export type CreateToken = z.infer<typeof CreateToken>;

/** One of `POST /v1/token-batches`. */
export const TokenBatchItem = z
  .strictObject({
    idempotencyKey: IdempotencyKey.optional().describe(
      'As the header of a request by itself: the same item again, in whatever batch, is given the first answer. Absent: the header of the batch and the place in it.',
    ),
    ...newToken,
  })
  .refine(oneEnd.holds, oneEnd.problem);
export type TokenBatchItem = z.infer<typeof TokenBatchItem>;

/** What is shown of a token, when it is read and updated. */
export const TokenRecord = z.strictObject({
  token: Token,
  card: CardSummary,
  state: z.enum(['active']).describe('A deleted token answers 404.'),
  cardState: CardState.optional().describe('Absent: nothing is known against the card.'),
  recordVersion: z
    .int()
    .min(1)
    .describe('Counts the changes of what is stored, from 1. Also the `ETag`, for `If-Match`.'),
  createdAt: Timestamp,
  updatedAt: Timestamp.describe('When this version was made.'),
  expiresAt: Timestamp.optional().describe('When the token ends by itself. Absent: never.'),
});
export type TokenRecord = z.infer<typeof TokenRecord>;

/** Answer of `POST /v1/tokens`: 201, or 200 where the same card already had a token. */
export const CreatedToken = z.strictObject({
  ...TokenRecord.shape,
  sealedCvc: SealedCvc.optional().describe('For `POST /v1/payments`, where the request brought a CVC.'),
  sealedCvcExpiresAt: Timestamp.optional(),
});
export type CreatedToken = z.infer<typeof CreatedToken>;

/** `PATCH /v1/tokens/{token}` (permission `tokens:update`, header Idempotency-Key, perhaps If-Match). */
export const UpdateToken = z.strictObject({
  card: z
    .strictObject({
      expiryMonth: Card.shape.expiryMonth.optional(),
      expiryYear: Card.shape.expiryYear.optional(),
      holderName: Card.shape.holderName.unwrap().nullable().optional().describe('Null takes it away.'),
    })
    .refine((card) => Object.values(card).some((value) => value !== undefined), 'must change something')
    .describe('What is left out stays as it is. Another number is another card, and another token.'),
});
export type UpdateToken = z.infer<typeof UpdateToken>;
