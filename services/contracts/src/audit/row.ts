import { z } from 'zod';
import type { AuditLink } from './chain.ts';

/** A line of `GET /v1/audit`: one link of one writer's chain, as it stands in the database. */
export const AuditRow = z.strictObject({
  writer: z.string().describe('`<replica>/<run>/<lane>`: each writes a chain of its own.'),
  position: z.int().min(1).describe('Counts from 1 in each chain.'),
  time: z.string().describe('RFC 3339, UTC, milliseconds.'),
  issuer: z.string().describe('Of the identity that asked; `cofferdam` where nobody did.'),
  subject: z.string(),
  action: z.string().describe('Such as `token.revealed`; docs/audit.md lists them.'),
  merchant: z.string(),
  token: z.string().describe('Empty where no token is concerned.'),
  requestId: z.string(),
  detail: z.string().describe('JSON as text: the hash is over these very bytes.'),
  previous: z.string().describe('Hash of the link before, hexadecimal.'),
  hash: z.string().describe('SHA-256 over the link before and this one, hexadecimal.'),
});
export type AuditRow = z.infer<typeof AuditRow>;

export function toRow(link: AuditLink, time: string = link.time.toISOString()): AuditRow {
  const { writer, position, issuer, subject, action, merchant, token, requestId, detail } = link;
  return {
    ...{ writer, position, time, issuer, subject, action, merchant, token, requestId, detail },
    previous: toHex(link.previous),
    hash: toHex(link.hash),
  };
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
