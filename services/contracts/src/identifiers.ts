import { z } from 'zod';
import { passesLuhn } from './luhn.ts';

/** The vault's one identity outside Kubernetes: additional data, encryption contexts, aliases, topic prefixes. */
export const VaultId = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$/)
  .describe('3 to 63 lower-case letters, digits and hyphens; never changes.');

/** A merchant owns tokens and payments. */
export const Merchant = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/)
  .describe('1 to 63 lower-case letters, digits, hyphens and underscores.');

/**
 * Opaque: `tok_` and 26 characters; Preserving: as long as the card number, same last four, a leading 9, failing Luhn.
 * A card number in a token's place is refused before anything is done with it.
 */
export const Token = z
  .string()
  .regex(/^(tok_[0-9a-z]{26}|9[0-9]{11,18})$/)
  .refine((token) => token.startsWith('tok_') || !passesLuhn(token), 'must not be a card number')
  .describe('The stand-in for a card, of one merchant.');

export const PaymentId = z.string().regex(/^pay_[0-9a-z]{26}$/);
export const AttemptId = z.string().regex(/^att_[0-9a-z]{26}$/);
export const CardId = z
  .string()
  .regex(/^card_[0-9a-z]{26}$/)
  .describe(
    'Random per merchant and card number: equal for equal cards, and tells nothing about the number.',
  );

export const CustomerId = z
  .string()
  .regex(/^cus_[0-9a-z]{26}$/)
  .describe('Whom a merchant keeps cards on file for.');

/** RFC 3339, UTC, milliseconds. */
export const Timestamp = z.iso.datetime({ precision: 3 });

export const CardBrand = z.enum([
  'visa',
  'mastercard',
  'amex',
  'discover',
  'diners',
  'jcb',
  'unionpay',
  'maestro',
  'unknown',
]);
export type CardBrand = z.infer<typeof CardBrand>;

/** Header of every write (draft-ietf-httpapi-idempotency-key-header): 1 to 255 visible ASCII characters. */
export const IDEMPOTENCY_KEY_HEADER = 'idempotency-key';
export const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/);

/**
 * Chooses among the merchants that the caller's identity may act for. Needed only when there is more than one:
 * it narrows what the identity allows and never widens it. The body never names a merchant.
 */
export const MERCHANT_HEADER = 'cofferdam-merchant';

/** The audience of every token that one of our own processes presents to another. */
export const TOKEN_AUDIENCE = 'cofferdam';

/** What is known against a card. Absent where it is shown: nothing is. */
export const CardState = z
  .enum(['closed', 'contact_cardholder'])
  .describe(
    'What the issuer let us know: the account is closed, or the cardholder has to be asked for new details.',
  );
export type CardState = z.infer<typeof CardState>;

/** What card metadata may be shown (PCI DSS 4.0.1, 3.4.1: at most BIN and last four). */
export const CardSummary = z.strictObject({
  cardId: CardId,
  brand: CardBrand,
  bin: z
    .string()
    .regex(/^[0-9]{6,8}$/)
    .describe('The first six digits, or eight for numbers of 16 and more.'),
  lastFour: z.string().regex(/^[0-9]{4}$/),
  expiryMonth: z.int().min(1).max(12),
  expiryYear: z.int().min(2000).max(2099),
});
export type CardSummary = z.infer<typeof CardSummary>;
