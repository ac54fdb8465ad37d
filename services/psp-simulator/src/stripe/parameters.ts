import { knownCurrencies } from '@cofferdam/contracts';
import { z } from 'zod';
import { isCardNumber, isExpired } from '../card.ts';
import type { Answer } from '../state.ts';
import { invalidRequest, stripeError } from './errors.ts';
import type { FormTree } from './form.ts';

const flag = z.enum(['true', 'false']);
const integer = z.string().regex(/^-?[0-9]+$/, 'integer');

/** The parameters of `POST /v1/payment_intents` that this simulator knows; every other one is refused. */
const CreateParameters = z.strictObject({
  amount: integer,
  currency: z.string(),
  confirm: flag.optional(),
  capture_method: z.enum(['automatic', 'automatic_async', 'manual']).optional(),
  // In `endive` versions of the API (the pinned one of SDK 23) `payment_method_types` is unknown.
  allowed_payment_method_types: z.record(z.string(), z.enum(['card'])).optional(),
  payment_method_data: z
    .strictObject({
      type: z.enum(['card']),
      card: z.strictObject({
        number: z.string(),
        exp_month: integer,
        exp_year: integer,
        cvc: z.string().optional(),
      }),
      billing_details: z.strictObject({ name: z.string().optional() }).optional(),
    })
    .optional(),
  description: z.string().optional(),
  metadata: z.record(z.string().max(40), z.string().max(500)).optional(),
  statement_descriptor_suffix: z.string().optional(),
  off_session: flag.optional(),
  error_on_requires_action: flag.optional(),
});

export interface ChargeParameters {
  readonly amount: number;
  /** Lower case, as Stripe answers it. */
  readonly currency: string;
  readonly cardNumber: string;
  readonly manualCapture: boolean;
  readonly metadata: Record<string, string>;
  readonly description: string | null;
}

const CURRENCIES = new Set(knownCurrencies().map((code) => code.toLowerCase()));
const MAX_AMOUNT = 99_999_999;
const MIN_AMOUNT = 50;

/** Parameters of a charge, or the answer that refuses them. */
export function parseCreate(form: FormTree, now: Date): ChargeParameters | Answer {
  const parsed = CreateParameters.safeParse(form);
  if (!parsed.success) return refusal(parsed.error);
  const values = parsed.data;
  const amount = Number(values.amount);
  if (amount < 1) {
    return invalidRequest(
      'parameter_invalid_integer',
      'amount',
      'This value must be greater than or equal to 1.',
    );
  }
  if (amount > MAX_AMOUNT)
    return invalidRequest('amount_too_large', 'amount', 'Amount must be no more than $999,999.99');
  if (amount < MIN_AMOUNT)
    return invalidRequest('amount_too_small', 'amount', 'Amount must be at least $0.50 usd');
  const currency = values.currency.toLowerCase();
  if (!CURRENCIES.has(currency)) {
    return invalidRequest(undefined, 'currency', `Invalid currency: ${currency.slice(0, 8)}.`);
  }
  if (values.payment_method_data === undefined || values.confirm !== 'true') {
    return invalidRequest(
      'parameter_missing',
      'confirm',
      'The simulator knows create and confirm in one: send payment_method_data and confirm=true.',
    );
  }
  const { card } = values.payment_method_data;
  const refused = refuseCard(card.number, Number(card.exp_month), Number(card.exp_year), now);
  if (refused !== undefined) return refused;
  return {
    amount,
    currency,
    cardNumber: card.number,
    manualCapture: values.capture_method === 'manual',
    metadata: values.metadata ?? {},
    description: values.description ?? null,
  };
}

function refusal(error: z.ZodError): Answer {
  // An unknown member is reported before a missing one.
  const issue = error.issues.find(({ code }) => code === 'unrecognized_keys') ?? error.issues[0];
  const path = (issue?.path ?? []).map(String);
  if (issue?.code === 'unrecognized_keys') {
    const parameter = bracketed([...path, issue.keys[0] ?? '']);
    return invalidRequest('parameter_unknown', parameter, `Received unknown parameter: ${parameter}`);
  }
  const parameter = bracketed(path);
  if (issue?.code === 'invalid_type') {
    return invalidRequest('parameter_missing', parameter, `Missing required param: ${parameter}.`);
  }
  if (issue?.message === 'integer') {
    return invalidRequest('parameter_invalid_integer', parameter, `Invalid integer: ${parameter}`);
  }
  return invalidRequest(undefined, parameter, `Invalid ${parameter}`);
}

/** `payment_method_data[card][number]`, as Stripe names a nested parameter. */
function bracketed(path: readonly string[]): string {
  const [head = '', ...rest] = path;
  return head + rest.map((part) => `[${part}]`).join('');
}

function refuseCard(number: string, month: number, year: number, now: Date): Answer | undefined {
  const refuse = (code: string, param: string, message: string): Answer =>
    stripeError(402, { type: 'card_error', code, param, message });
  if (!isCardNumber(number)) return refuse('incorrect_number', 'number', 'Your card number is incorrect.');
  if (month < 1 || month > 12) {
    return refuse('invalid_expiry_month', 'exp_month', "Your card's expiration month is invalid.");
  }
  if (year < now.getUTCFullYear() || year > now.getUTCFullYear() + 50) {
    return refuse('invalid_expiry_year', 'exp_year', "Your card's expiration year is invalid.");
  }
  if (isExpired(month, year, now)) {
    return refuse('invalid_expiry_month', 'exp_month', "Your card's expiration month is invalid.");
  }
  return undefined;
}
