import { z } from 'zod';
import { CardSummary, Timestamp, Token } from './identifiers.ts';

/** The card as the caller sends it; digits only. The CVC is not accepted: it is sealed, never stored, by a later contract. */
export const Card = z.strictObject({
  number: z.string().regex(/^[0-9]{12,19}$/, 'must be 12 to 19 digits, without spaces'),
  expiryMonth: z.int().min(1).max(12),
  expiryYear: z.int().min(2000).max(2099).describe('Four digits.'),
  holderName: z.string().min(1).max(100).optional(),
});
export type Card = z.infer<typeof Card>;

/** `POST /v1/tokens` (permission `tokens:create`, header Idempotency-Key). */
export const CreateToken = z.strictObject({ card: Card });
export type CreateToken = z.infer<typeof CreateToken>;

/** Answer of `POST /v1/tokens` (201, or 200 where the same card already had one) and `GET /v1/tokens/{token}`. */
export const TokenRecord = z.strictObject({
  token: Token,
  card: CardSummary,
  state: z.enum(['active']).describe('A deleted token answers 404.'),
  createdAt: Timestamp,
});
export type TokenRecord = z.infer<typeof TokenRecord>;
