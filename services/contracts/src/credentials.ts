import { z } from 'zod';
import { CustomerId, Timestamp, Token } from './identifiers.ts';
import { TokenVersions } from './token-versions.ts';
import { TokenRecord } from './tokens.ts';

/** How many of its versions are shown with a credential. */
export const SHOWN_VERSIONS = 20;

/**
 * `POST /v1/customers/{customer}/credentials` (permission `credentials:write`, header Idempotency-Key). The cardholder
 * has to have agreed to it: the networks' rules for stored credentials ask for consent before the first use.
 */
export const PutOnFile = z.strictObject({
  token: Token,
  makeDefault: z.boolean().optional().describe('Absent: it becomes the default if the customer has none.'),
});
export type PutOnFile = z.infer<typeof PutOnFile>;

/** A stored credential: a token that is on file for a customer, and named by it. */
export const Credential = z.strictObject({
  ...TokenRecord.shape,
  customer: CustomerId,
  isDefault: z.boolean(),
  addedAt: Timestamp.describe('When it was put on file.'),
});
export type Credential = z.infer<typeof Credential>;

/** `GET /v1/customers/{customer}/credentials/{token}` (permission `credentials:read`). */
export const CredentialRecord = z.strictObject({
  ...Credential.shape,
  versions: z
    .array(TokenVersions.shape.versions.element)
    .describe(
      `What the card was before, the newest ${SHOWN_VERSIONS} of its versions, as \`GET /v1/tokens/{token}/versions\` has them all.`,
    ),
});
export type CredentialRecord = z.infer<typeof CredentialRecord>;

/** `GET /v1/customers/{customer}/credentials` (permission `credentials:read`). */
export const CredentialList = z.strictObject({
  credentials: z.array(Credential).describe('All of them, the newest on file first.'),
});
export type CredentialList = z.infer<typeof CredentialList>;
