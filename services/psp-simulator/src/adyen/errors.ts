import { nextPspReference } from '../ids.ts';
import type { Answer } from '../state.ts';

/** Adyen's error body. @see https://docs.adyen.com/development-resources/error-codes */
export function adyenError(
  status: number,
  errorCode: string,
  message: string,
  errorType: 'security' | 'validation' | 'internal',
): Answer {
  return { status, body: { status, errorCode, message, errorType, pspReference: nextPspReference() } };
}

export function validation(errorCode: string, message: string): Answer {
  return adyenError(422, errorCode, message, 'validation');
}

export const UNAUTHENTICATED: Answer = {
  status: 401,
  body: {
    status: 401,
    errorCode: '000',
    message: 'HTTP Status Response - Unauthorized',
    errorType: 'security',
  },
};

export const SERVER_ERROR: Answer = {
  status: 500,
  body: {
    status: 500,
    errorCode: '000',
    message: 'Internal error',
    errorType: 'internal',
  },
};

export const RATE_LIMITED: Answer = {
  status: 429,
  body: { status: 429, errorCode: '000', message: 'Too Many Requests', errorType: 'security' },
};

/** The first request with this key is not finished. @see https://docs.adyen.com/development-resources/api-idempotency */
export const KEY_IN_USE = validation('704', 'request already processed or in progress');
