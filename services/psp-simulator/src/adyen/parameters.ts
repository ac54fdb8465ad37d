import { minorUnitDigits } from '@cofferdam/contracts';
import { z } from 'zod';
import { isCardNumber, isExpired } from '../card.ts';
import type { Answer } from '../state.ts';
import { adyenError, validation } from './errors.ts';

const text = z.string().min(1).max(256);

/** The members of a payment request that this simulator knows; every other one is refused, as Adyen does (702). */
const PaymentRequest = z.strictObject({
  amount: z.strictObject({ currency: z.string(), value: z.int() }),
  merchantAccount: text,
  reference: text,
  returnUrl: text,
  paymentMethod: z.strictObject({
    type: z.literal('scheme'),
    number: z.string(),
    expiryMonth: z.string(),
    expiryYear: z.string(),
    holderName: z.string().max(80).optional(),
    cvc: z.string().optional(),
  }),
  captureDelayHours: z.int().min(0).optional(),
  additionalData: z.record(z.string(), z.string()).optional(),
  metadata: z.record(z.string().max(20), z.string().max(80)).optional(),
  merchantOrderReference: z.string().optional(),
  shopperReference: z.string().optional(),
  shopperInteraction: z.enum(['Ecommerce', 'ContAuth', 'Moto', 'POS']).optional(),
  recurringProcessingModel: z.enum(['CardOnFile', 'Subscription', 'UnscheduledCardOnFile']).optional(),
  countryCode: z.string().optional(),
  channel: z.enum(['iOS', 'Android', 'Web']).optional(),
});

export interface PaymentParameters {
  readonly amount: number;
  readonly currency: string;
  readonly cardNumber: string;
  readonly holderName: string;
  readonly merchantAccount: string;
  readonly reference: string;
  readonly manualCapture: boolean;
}

/** Codes for what is missing. @see https://docs.adyen.com/development-resources/error-codes */
const MISSING: Record<string, readonly [string, string]> = {
  amount: ['100', 'No amount specified'],
  reference: ['130', 'Reference Missing'],
  'paymentMethod.number': ['101', 'Invalid card number'],
  'paymentMethod.expiryMonth': ['129', 'Expiry Date Invalid'],
  'paymentMethod.expiryYear': ['129', 'Expiry Date Invalid'],
  'paymentMethod.type': ['14_006', 'The paymentMethod is not supported'],
};

/** Parameters of a payment, or the answer that refuses them. */
export function parsePayment(body: unknown, now: Date): PaymentParameters | Answer {
  const parsed = PaymentRequest.safeParse(body);
  if (!parsed.success) return refusal(parsed.error);
  const { amount, paymentMethod, merchantAccount, reference, additionalData, captureDelayHours } =
    parsed.data;
  if (minorUnitDigits(amount.currency) === undefined) {
    return validation('138', 'Unsupported currency specified');
  }
  if (amount.value <= 0) return validation('137', 'Invalid amount specified');
  if (!isCardNumber(paymentMethod.number)) return validation('101', 'Invalid card number');
  const month = Number(paymentMethod.expiryMonth);
  const year = Number(paymentMethod.expiryYear);
  const dated = /^[0-9]{1,2}$/.test(paymentMethod.expiryMonth) && /^[0-9]{4}$/.test(paymentMethod.expiryYear);
  if (!dated || month < 1 || month > 12) return validation('129', 'Expiry Date Invalid');
  if (isExpired(month, year, now)) return validation('129', 'Expiry Date Invalid');
  return {
    amount: amount.value,
    currency: amount.currency,
    cardNumber: paymentMethod.number,
    holderName: paymentMethod.holderName ?? '',
    merchantAccount,
    reference,
    manualCapture: additionalData?.['manualCapture'] === 'true' || captureDelayHours !== undefined,
  };
}

function refusal(error: z.ZodError): Answer {
  // An unknown member is reported before a missing one.
  const issue = error.issues.find(({ code }) => code === 'unrecognized_keys') ?? error.issues[0];
  const path = (issue?.path ?? []).map(String).join('.');
  if (issue?.code === 'unrecognized_keys') {
    return validation('702', `The request contains the following unknown fields: [${issue.keys.join(', ')}]`);
  }
  if (path === 'merchantAccount') return adyenError(403, '901', 'Invalid Merchant Account', 'security');
  const [code, message] = MISSING[path] ?? ['702', `Invalid or missing field '${path}'`];
  return validation(code, message);
}
