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

/** Of what has an `ETag`. */
export const ifMatchParameter = (what: string): Parameter => ({
  in: 'header',
  name: 'if-match',
  required: false,
  description: `\`ETag\` of an earlier answer: change the ${what} only if it is still at that version.`,
  schema: z.string(),
});

/** A name in a path. */
export const pathParameter = (name: string, schema: z.ZodType): Parameter => ({
  in: 'path',
  name,
  required: true,
  description: `The ${name}.`,
  schema,
});

/** How a parameter of a list is written in a URL, where that is not what it is parsed to. */
const WRITTEN: Readonly<Record<string, z.ZodType>> = { limit: z.int().min(1).max(200) };

/** The query of a list: each member with its description. */
export function queryParameters<Shape extends Record<string, z.ZodOptional>>(
  { shape }: z.ZodObject<Shape>,
  descriptions: Readonly<Record<keyof Shape & string, string>>,
): Parameter[] {
  return (Object.keys(descriptions) as (keyof Shape & string)[]).map((name) => ({
    in: 'query',
    name,
    required: false,
    description: descriptions[name],
    schema: WRITTEN[name] ?? (shape[name]?.unwrap() as z.ZodType),
  }));
}

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
