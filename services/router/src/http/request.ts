import { CreatePayment, IDEMPOTENCY_KEY_HEADER, IdempotencyKey, PaymentId } from '@cofferdam/contracts';
import { type FieldError, ProblemError, scrub, validate } from '@cofferdam/runtime';
import type { FastifyRequest } from 'fastify';

/**
 * The body of a new payment. Card numbers have no place here, and because reference and metadata are stored and
 * published, what looks like one is refused there too.
 *
 * @throws {ProblemError} invalid_request
 */
export function paymentBody(request: FastifyRequest): CreatePayment {
  const body = validate(CreatePayment, request.body);
  const errors: FieldError[] = [];
  if (holdsCardNumber(body.token)) {
    errors.push({ field: 'token', message: 'looks like a card number; send the token that stands for it' });
  }
  const message = 'looks like a card number, which must not be stored here';
  if (body.reference !== undefined && holdsCardNumber(body.reference)) {
    errors.push({ field: 'reference', message });
  }
  const metadata = Object.entries(body.metadata ?? {});
  if (metadata.length > 50) errors.push({ field: 'metadata', message: 'must have at most 50 members' });
  if (metadata.some(([name, value]) => holdsCardNumber(name) || holdsCardNumber(value))) {
    errors.push({ field: 'metadata', message });
  }
  if (errors.length === 0) return body;
  throw new ProblemError('invalid_request', {
    detail: 'The request does not fit its schema; `errors` names each field.',
    errors,
  });
}

const holdsCardNumber = (text: string): boolean => scrub(text) !== text;

/** @throws {ProblemError} idempotency_key_missing, invalid_request */
export function idempotencyKey(request: FastifyRequest): string {
  const header = request.headers[IDEMPOTENCY_KEY_HEADER];
  const parsed = IdempotencyKey.safeParse(header);
  if (parsed.success) return parsed.data;
  throw new ProblemError(header === undefined ? 'idempotency_key_missing' : 'invalid_request', {
    detail: 'The header Idempotency-Key is needed, new for each new payment.',
    errors: [{ field: IDEMPOTENCY_KEY_HEADER, message: 'must be 1 to 255 visible ASCII characters' }],
  });
}

/** What does not look like a payment's id is no payment's; it is answered as an unknown one. */
export function paymentId(request: FastifyRequest): string {
  const parsed = PaymentId.safeParse((request.params as { id?: unknown }).id);
  if (!parsed.success)
    throw new ProblemError('payment_not_found', { detail: 'This merchant has no such payment.' });
  return parsed.data;
}

/** The merchant that the caller acts for, for routes of scope `merchant`. */
export function merchantOf(request: FastifyRequest): string {
  const merchant = request.caller?.merchant;
  if (merchant === undefined) throw new ProblemError('merchant_required');
  return merchant;
}
