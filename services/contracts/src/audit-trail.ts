import { z } from 'zod';
import { Merchant, Token } from './identifiers.ts';

/** A database knows no year 0, and a trail nothing before 1970. */
const Time = z.iso
  .datetime({ offset: true })
  .refine((time) => Date.parse(time) >= 0, 'must be a time from 1970 on');

/** `GET /v1/audit`: what of the trail is wanted. Everything is optional. */
export const AuditQuery = z.strictObject({
  after: z.string().max(700).optional(),
  limit: z.coerce.number().int().min(1).max(5000).default(1000),
  from: Time.optional(),
  to: Time.optional(),
  merchant: Merchant.optional(),
  token: Token.optional(),
  action: z
    .string()
    .regex(/^[a-z_]+\.[a-z_]+(,[a-z_]+\.[a-z_]+){0,19}$/)
    .optional(),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

/** `GET /v1/audit/anchors`. */
export const AnchorQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
});

/** Answer of `POST /v1/audit/anchor-checks`. */
export const AnchorVerdict = z.strictObject({
  verdict: z
    .enum(['valid', 'invalid', 'unknown'])
    .describe(
      'valid: KMS made the MAC for this hash. invalid: it did not. unknown: the anchor is of another KMS key; a newer one that names it vouches for it.',
    ),
});
export type AnchorVerdict = z.infer<typeof AnchorVerdict>;

export const JSON_LINES = 'application/jsonl';

/** Which vault answered: a trail is held against its anchors alone. */
export const VAULT_ID_HEADER = 'cofferdam-vault-id';
