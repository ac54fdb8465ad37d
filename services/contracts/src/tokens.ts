import { z } from 'zod';
import { CardSummary, Timestamp, Token } from './identifiers.ts';

/** The card as the caller sends it; digits only. */
export const Card = z.strictObject({
  number: z.string().regex(/^[0-9]{12,19}$/, 'must be 12 to 19 digits, without spaces'),
  expiryMonth: z.int().min(1).max(12),
  expiryYear: z.int().min(2000).max(2099).describe('Four digits.'),
  holderName: z.string().min(1).max(100).optional(),
});
export type Card = z.infer<typeof Card>;

/** `POST /v1/tokens` (permission `tokens:create`, header Idempotency-Key). */
export const CreateToken = z
  .strictObject({
    card: Card,
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
  })
  .refine(({ ttlSeconds, expiresAt }) => ttlSeconds === undefined || expiresAt === undefined, {
    path: ['expiresAt'],
    message: 'must be absent where ttlSeconds is given',
  });
export type CreateToken = z.infer<typeof CreateToken>;

/** Answer of `POST /v1/tokens` (201, or 200 where the same card already had one), and of reading and updating one. */
export const TokenRecord = z.strictObject({
  token: Token,
  card: CardSummary,
  state: z.enum(['active']).describe('A deleted token answers 404.'),
  recordVersion: z
    .int()
    .min(1)
    .describe('Counts the changes of what is stored, from 1. Also the `ETag`, for `If-Match`.'),
  createdAt: Timestamp,
  updatedAt: Timestamp.describe('When this version was made.'),
  expiresAt: Timestamp.optional().describe('When the token ends by itself. Absent: never.'),
});
export type TokenRecord = z.infer<typeof TokenRecord>;

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
