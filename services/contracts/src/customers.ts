import { z } from 'zod';
import { CustomerId, Timestamp, Token } from './identifiers.ts';
import { holdsCardNumber } from './luhn.ts';
import { ListTokens } from './tokens-list.ts';

/** Most credentials of one customer. */
export const MAX_CREDENTIALS = 100;

/** All that is known of a person, and it is the merchant who knows the person. */
export const CustomerReference = z
  .string()
  .regex(/^[A-Za-z0-9._:/|=+-]{1,64}$/, 'must be 1 to 64 letters, digits and . _ : / | = + -')
  .refine((reference) => !holdsCardNumber(reference), 'must not look like a card number')
  .describe(
    "The merchant's own name for the customer, unique for the merchant. Neither a name nor an address: it is stored in the clear.",
  );

/** Why something is, or is no longer, the default, on file or agreed. */
export const OnFileReason = z
  .enum([
    'requested',
    'first_credential',
    'credential_removed',
    'token_deleted',
    'token_expired',
    'customer_deleted',
  ])
  .describe(
    'requested: somebody asked for it; first_credential: there was no default when it was put on file; credential_removed: the credential was taken off file; token_deleted, token_expired, customer_deleted: its token or customer is gone.',
  );
export type OnFileReason = z.infer<typeof OnFileReason>;

/** `POST /v1/customers` (permission `customers:write`, header Idempotency-Key). */
export const CreateCustomer = z.strictObject({ reference: CustomerReference.optional() });
export type CreateCustomer = z.infer<typeof CreateCustomer>;

/** `PATCH /v1/customers/{customer}` (permission `customers:write`, header Idempotency-Key, perhaps If-Match). */
export const UpdateCustomer = z
  .strictObject({
    reference: CustomerReference.nullable().optional().describe('Null takes it away.'),
    defaultCredential: Token.nullable()
      .optional()
      .describe('A token that is on file for the customer; null for none.'),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'must change something');
export type UpdateCustomer = z.infer<typeof UpdateCustomer>;

export const Customer = z.strictObject({
  customer: CustomerId,
  reference: CustomerReference.optional(),
  defaultCredential: Token.optional().describe('Exactly one of those on file, or none.'),
  defaultChange: z
    .strictObject({
      reason: OnFileReason,
      from: Token.optional().describe('The default before. Absent: there was none.'),
      at: Timestamp,
    })
    .optional()
    .describe(
      'Why the default is what it is. When the default is taken off file there is none until another is set: which card is charged is never chosen by the vault. Absent: there has never been one.',
    ),
  version: z
    .int()
    .min(1)
    .describe('Counts the changes of the customer, from 1. Also the `ETag`, for `If-Match`.'),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Customer = z.infer<typeof Customer>;

/** The query of `GET /v1/customers` (permission `customers:read`). */
export const ListCustomers = z.strictObject({
  after: ListTokens.shape.after,
  limit: ListTokens.shape.limit,
  reference: CustomerReference.optional(),
});
export type ListCustomers = z.infer<typeof ListCustomers>;

export const CustomerPage = z.strictObject({
  customers: z.array(Customer).describe('Newest first.'),
  next: z.string().optional().describe('Value of `after` for the next page. Absent on the last one.'),
});
export type CustomerPage = z.infer<typeof CustomerPage>;

/** The query of `DELETE /v1/customers/{customer}` (permission `customers:delete`). */
export const DeleteCustomer = z.strictObject({
  tokens: z
    .enum(['keep', 'erase'])
    .optional()
    .describe(
      'What becomes of the tokens that were on file. keep (default): they stay, on file for nobody. erase: they are deleted with their cards, which takes the permission `tokens:delete` too.',
    ),
});
export type DeleteCustomer = z.infer<typeof DeleteCustomer>;
