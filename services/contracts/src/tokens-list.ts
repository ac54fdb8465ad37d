import { z } from 'zod';
import { CardBrand, CardId, CardState, CardSummary, CustomerId, Timestamp, Token } from './identifiers.ts';
import { TokenRecord } from './tokens.ts';

const Time = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .describe('RFC 3339.');

/** The query of `GET /v1/tokens` (permission `tokens:list`). Every filter narrows. */
export const ListTokens = z.strictObject({
  after: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,120}$/, 'must be `next` of an earlier page')
    .optional(),
  limit: z
    .string()
    .regex(/^[0-9]{1,3}$/, 'must be 1 to 200')
    .transform(Number)
    .pipe(z.int().min(1).max(200))
    .optional(),
  state: z.enum(['active', 'deleted']).optional(),
  cardId: CardId.optional(),
  customer: CustomerId.optional(),
  brand: CardBrand.optional(),
  bin: z
    .string()
    .regex(/^[0-9]{6,8}$/, 'must be 6 to 8 digits')
    .optional(),
  lastFour: CardSummary.shape.lastFour.optional(),
  cardExpiresBefore: z
    .string()
    .regex(/^20[0-9]{2}-(0[1-9]|1[0-2])$/, 'must be a month, such as 2030-01')
    .optional(),
  createdFrom: Time.optional(),
  createdBefore: Time.optional(),
});
export type ListTokens = z.infer<typeof ListTokens>;

/** A token as a list shows it; of a deleted one there is nothing else to show. */
export const ListedToken = z.strictObject({
  token: Token,
  card: TokenRecord.shape.card.optional().describe('Absent when the token is deleted.'),
  state: z.enum(['active', 'deleted']),
  cardState: CardState.optional(),
  recordVersion: TokenRecord.shape.recordVersion,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  expiresAt: Timestamp.optional(),
});
export type ListedToken = z.infer<typeof ListedToken>;

export const TokenPage = z.strictObject({
  tokens: z.array(ListedToken).describe('Newest first.'),
  next: z
    .string()
    .optional()
    .describe('Value of `after` for the next page. Absent on the last one; a page that has it may be short.'),
});
export type TokenPage = z.infer<typeof TokenPage>;
