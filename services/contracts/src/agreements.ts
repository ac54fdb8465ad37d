import { z } from 'zod';
import { Amount, Currency } from './charges.ts';
import { OnFileReason } from './customers.ts';
import { CardBrand, CustomerId, Timestamp, Token } from './identifiers.ts';
import { holdsCardNumber } from './luhn.ts';
import { ListTokens } from './tokens-list.ts';

/** Most agreements of one credential that have not ended. */
export const MAX_ACTIVE_AGREEMENTS = 50;

export const AgreementId = z.string().regex(/^agr_[0-9a-z]{26}$/);

/** For what a credential was stored: the networks' stored-credential framework. */
export const AgreementType = z
  .enum(['recurring', 'instalment', 'unscheduled'])
  .describe(
    'recurring: at regular intervals, until one ends it (Mastercard M102, M103; Adyen Subscription); instalment: one purchase, paid in parts (M104); unscheduled: neither amount nor time is fixed (M101 and Adyen UnscheduledCardOnFile by the merchant, C101 and CardOnFile by the customer).',
  );
export type AgreementType = z.infer<typeof AgreementType>;

export const Initiator = z
  .enum(['customer', 'merchant'])
  .describe(
    'Who starts the payments after the first: the customer, who chooses the stored card (CIT), or the merchant without him (MIT). The first is always the customer.',
  );
export type Initiator = z.infer<typeof Initiator>;

/**
 * What a network answered an authorization with, by which later ones refer to it: Visa's and American Express's
 * transaction identifier (15 digits), Mastercard's Banknet reference with its date (9 to 13 characters) or transaction
 * link identifier (22).
 */
export const NetworkTransactionId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,36}$/, 'must be 8 to 36 letters, digits, hyphens and underscores')
  // Visa's and American Express's have fifteen digits, and may look like a card number of fifteen.
  .refine((id) => id.length === 15 || !holdsCardNumber(id), 'must not look like a card number')
  .describe('Of the customer-initiated transaction with which the agreement was made.');

const terms = {
  type: AgreementType,
  initiator: Initiator,
  amount: Amount.optional().describe(
    'Minor units, of each payment. With `instalment` needed, with `recurring` where it is fixed.',
  ),
  currency: Currency.optional().describe('Where there is an amount.'),
  instalmentCount: z
    .int()
    .min(2)
    .max(99)
    .optional()
    .describe('Payments in all; with `instalment`, and needed there.'),
  networkTransactionId: NetworkTransactionId.optional(),
};

type Terms = z.infer<z.ZodObject<typeof terms>>;

/** Which members a type has. */
const RULES: readonly { field: keyof Terms; message: string; holds: (terms: Terms) => boolean }[] = [
  {
    field: 'initiator',
    message: 'must be merchant unless the type is unscheduled',
    holds: ({ type, initiator }) => type === 'unscheduled' || initiator === 'merchant',
  },
  {
    field: 'instalmentCount',
    message: 'must be there if the type is instalment, and only then',
    holds: ({ type, instalmentCount }) => (type === 'instalment') === (instalmentCount !== undefined),
  },
  {
    field: 'amount',
    message: 'must be there if the type is instalment, and absent if it is unscheduled',
    holds: ({ type, amount }) => type === 'recurring' || (type === 'instalment') === (amount !== undefined),
  },
  {
    field: 'currency',
    message: 'must be there if there is an amount, and only then',
    holds: ({ amount, currency }) => (amount === undefined) === (currency === undefined),
  },
];

/** `POST /v1/agreements` (permission `agreements:write`, header Idempotency-Key). */
export const CreateAgreement = z
  .strictObject({ token: Token.describe('A token that is on file for a customer.'), ...terms })
  .superRefine((agreement, context) => {
    for (const { field, message, holds } of RULES) {
      if (!holds(agreement)) context.addIssue({ code: 'custom', path: [field], message });
    }
  });
export type CreateAgreement = z.infer<typeof CreateAgreement>;

/** `PATCH /v1/agreements/{agreement}` (permission `agreements:write`, header Idempotency-Key, perhaps If-Match). */
export const UpdateAgreement = z
  .strictObject({
    networkTransactionId: NetworkTransactionId.optional().describe(
      'Set once. Another one is refused, unless the card has moved to another network since, where the first means nothing.',
    ),
    state: z.enum(['ended']).optional().describe('For good.'),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'must change something');
export type UpdateAgreement = z.infer<typeof UpdateAgreement>;

/** A stored-credential agreement: on what terms the cardholder let the card be charged again. */
export const Agreement = z.strictObject({
  agreement: AgreementId,
  customer: CustomerId,
  token: Token,
  ...terms,
  network: CardBrand.optional().describe(
    'Whose the network transaction id is. It says nothing to another one: where the card is of another brand by now, leave it out.',
  ),
  state: z.enum(['active', 'ended']),
  endedAt: Timestamp.optional(),
  endReason: OnFileReason.optional(),
  version: z
    .int()
    .min(1)
    .describe('Counts the changes of the agreement, from 1. Also the `ETag`, for `If-Match`.'),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Agreement = z.infer<typeof Agreement>;

/** The query of `GET /v1/agreements` (permission `agreements:read`). Every filter narrows. */
export const ListAgreements = z.strictObject({
  after: ListTokens.shape.after,
  limit: ListTokens.shape.limit,
  customer: CustomerId.optional(),
  token: Token.optional(),
  state: z.enum(['active', 'ended']).optional(),
});
export type ListAgreements = z.infer<typeof ListAgreements>;

export const AgreementPage = z.strictObject({
  agreements: z.array(Agreement).describe('Newest first.'),
  next: z.string().optional().describe('Value of `after` for the next page. Absent on the last one.'),
});
export type AgreementPage = z.infer<typeof AgreementPage>;
