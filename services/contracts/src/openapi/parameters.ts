import { z } from 'zod';
import { IDEMPOTENCY_KEY_HEADER, IdempotencyKey, MERCHANT_HEADER, Merchant } from '../identifiers.ts';
import type { Parameter } from './document.ts';

/** Header of every write. */
export const idempotencyKeyParameter: Parameter = {
  in: 'header',
  name: IDEMPOTENCY_KEY_HEADER,
  required: true,
  description:
    'New for each new request; the same again to repeat one that was not answered. The first answer is replayed; another body with the same key is refused.',
  schema: IdempotencyKey,
};

export const merchantParameter: Parameter = {
  in: 'header',
  name: MERCHANT_HEADER,
  required: false,
  description:
    'Chooses among the merchants that the identity may act for; needed only when there is more than one.',
  schema: Merchant,
};

export const eventParameters: readonly Parameter[] = [
  {
    in: 'query',
    name: 'after',
    required: false,
    description: '`next` of the page before. Without it the feed begins at the oldest event that is kept.',
    schema: z.string().max(40),
  },
  {
    in: 'query',
    name: 'limit',
    required: false,
    description: 'Most events of a page, 1 to 500. Default 100.',
    schema: z.int().min(1).max(500),
  },
];
