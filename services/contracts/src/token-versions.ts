import { z } from 'zod';
import { CredentialUpdateCode } from './credential-updates.ts';
import { CardState, CardSummary, Timestamp, Token } from './identifiers.ts';

/** What made a version: the first request, a request of the merchant, or what the card's issuer let us know. */
export const VersionCause = z.enum(['created', 'updated', 'credential_update']);
export type VersionCause = z.infer<typeof VersionCause>;

const count = (maximum: number) =>
  z
    .string()
    .regex(/^[0-9]{1,10}$/, `must be 1 to ${maximum}`)
    .transform(Number)
    .pipe(z.int().min(1).max(maximum));

/** The query of `GET /v1/tokens/{token}/versions` (permission `tokens:read`). */
export const ListVersions = z.strictObject({
  before: count(2_147_483_647).optional(),
  limit: count(200).optional(),
});
export type ListVersions = z.infer<typeof ListVersions>;

/** What a token stood for, version by version; number and holder name of none are shown. */
export const TokenVersions = z.strictObject({
  token: Token,
  versions: z
    .array(
      z.strictObject({
        version: z.int().min(1).describe('`recordVersion` of the token at that time.'),
        cause: VersionCause,
        result: CredentialUpdateCode.optional().describe('Of a credential update: what it said.'),
        card: CardSummary,
        cardState: CardState.optional(),
        createdAt: Timestamp,
        occurredAt: Timestamp.optional().describe('Of a credential update: when the issuer knew of it.'),
      }),
    )
    .describe('Newest first. A change of before this was kept is missing.'),
  next: z.int().min(1).optional().describe('Value of `before` for the next page. Absent on the last one.'),
});
export type TokenVersions = z.infer<typeof TokenVersions>;
