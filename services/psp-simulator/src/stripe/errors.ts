import type { Answer } from '../state.ts';

interface StripeErrorBody {
  readonly type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  readonly message: string;
  readonly code?: string;
  readonly decline_code?: string;
  readonly param?: string;
  readonly charge?: string;
  readonly payment_intent?: unknown;
  readonly advice_code?: string;
}

/** Stripe's error envelope. @see https://docs.stripe.com/api/errors */
export function stripeError(status: number, error: StripeErrorBody): Answer {
  const documented =
    error.code === undefined ? {} : { doc_url: `https://stripe.com/docs/error-codes/${error.code}` };
  return { status, body: { error: { ...documented, ...error } } };
}

export function invalidRequest(code: string | undefined, param: string | undefined, message: string): Answer {
  return stripeError(400, {
    type: 'invalid_request_error',
    message,
    ...(code === undefined ? {} : { code }),
    ...(param === undefined ? {} : { param }),
  });
}

export const UNAUTHENTICATED = stripeError(401, {
  type: 'invalid_request_error',
  message:
    'You did not provide an API key. You need to provide your API key in the Authorization header, ' +
    "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
});

export const INVALID_KEY = stripeError(401, {
  type: 'invalid_request_error',
  message: 'Invalid API Key provided.',
});

export const SERVER_ERROR = stripeError(500, {
  type: 'api_error',
  message: 'An unknown error occurred.',
});

export const RATE_LIMITED = stripeError(429, {
  type: 'invalid_request_error',
  code: 'rate_limit',
  message: 'Request rate limit exceeded.',
});

export const KEY_IN_USE = stripeError(409, {
  type: 'idempotency_error',
  code: 'idempotency_key_in_use',
  message:
    'There is currently another in-progress request using this Idempotent Key; please try again later.',
});

export const KEY_REUSED = stripeError(400, {
  type: 'idempotency_error',
  message:
    'Keys for idempotent requests can only be used with the same parameters they were first used with.',
});
