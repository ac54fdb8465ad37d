import { z } from 'zod';

/**
 * What `{{...}}` in a mapping can stand for. `credentials.<key>` is a key of the account's Secret.
 * A value that names anything else is refused when it is applied, with its place.
 */
const PLACEHOLDERS = [
  'card\\.(number|expiryMonth|expiryYear|expiryYearShort|holderName|cvc|brand)',
  'amount(Decimal)?',
  'currency(Numeric)?',
  'merchant',
  'account',
  'capture',
  'paymentId',
  'attemptId',
  'reference',
  'pspReference',
  'credentials\\.[A-Za-z0-9._-]+',
];

const placeholder = `\\{\\{ ?(${PLACEHOLDERS.join('|')}) ?\\}\\}`;

/** Text with placeholders; a single brace is text. */
export const Template = z
  .string()
  .max(1024)
  .regex(new RegExp(`^([^{}]|${placeholder})*$`));

/** A path below the connector's endpoint: it can never name another host. */
export const PathTemplate = z
  .string()
  .min(1)
  .max(512)
  .regex(new RegExp(`^(/([A-Za-z0-9._~%?=&-]|${placeholder})+)+/?$`));

/** A member of a JSON document: `payment.status`, `errors.0.code`. */
export const DocumentPath = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/);
