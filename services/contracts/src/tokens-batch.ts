import { z } from 'zod';
import { Problem } from './problems.ts';
import { CreatedToken, TokenBatchItem } from './tokens.ts';

/** Most items of one batch. */
export const MAX_BATCH_ITEMS = 500;

/** `POST /v1/token-batches` (permission `tokens:create`, header Idempotency-Key unless every item has its own). */
export const CreateTokenBatch = z.strictObject({
  items: z.array(TokenBatchItem).min(1).max(MAX_BATCH_ITEMS),
});
export type CreateTokenBatch = z.infer<typeof CreateTokenBatch>;

/** Its frame: each item is looked at by itself, so that a wrong one is no reason to refuse the others. */
export const TokenBatchFrame = z.strictObject({ items: z.array(z.unknown()).min(1).max(MAX_BATCH_ITEMS) });

export const TokenBatchResult = z.strictObject({
  status: z.int().describe('What a request of this item alone would have been answered with.'),
  token: CreatedToken.optional(),
  problem: Problem.optional(),
});
export type TokenBatchResult = z.infer<typeof TokenBatchResult>;

/** 200, whatever became of the items, unless none of them could be tried. */
export const TokenBatch = z.strictObject({
  items: z.array(TokenBatchResult).describe('One for each item, in their order.'),
});
export type TokenBatch = z.infer<typeof TokenBatch>;
