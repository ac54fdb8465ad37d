import { z } from 'zod';

/** What an account updater says about a card; the networks' response codes in the field's words. */
export const CredentialUpdateCode = z.enum([
  'unchanged',
  'new_number',
  'new_expiry',
  'closed',
  'contact_cardholder',
  'not_found',
]);
export type CredentialUpdateCode = z.infer<typeof CredentialUpdateCode>;
