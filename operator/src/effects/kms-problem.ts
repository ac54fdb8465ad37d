import { CircuitOpenError } from '@cofferdam/runtime/process';
import type { KeyOutcome, KeyReference } from '../desired/key.ts';
import { OverBudgetError } from './call-budget.ts';

type Problem = NonNullable<KeyOutcome['problem']>;

export function isKmsError(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** The operator has no credentials that work: AWS answered so, or the SDK found none to try. */
const CREDENTIALS = [
  'CredentialsProviderError',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidIdentityToken',
  'UnrecognizedClientException',
];

export function isThrottling(error: unknown): boolean {
  return isKmsError(error, 'ThrottlingException', 'Throttling', 'TooManyRequestsException');
}

/** No answer, or one that says: not now. */
export function isUnreachable(error: unknown): boolean {
  if (isThrottling(error) || isKmsError(error, ...CREDENTIALS)) return false;
  const status = statusOf(error);
  return status === undefined || status >= 500;
}

/** The HTTP status of an error that AWS answered. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$fault' in error)) return undefined;
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  // Thrown by the SDK's own model of the service: an answer, whatever is missing from it.
  return $metadata?.httpStatusCode ?? 400;
}

/** What a failed call means for the condition. Messages of AWS name the call, the key and the role: worth passing on. */
export function kmsProblem(error: unknown, place: Pick<KeyReference, 'region' | 'endpoint'>): Problem {
  if (error instanceof CircuitOpenError && error.cause !== undefined) return kmsProblem(error.cause, place);
  const message = error instanceof Error ? error.message : String(error);
  const where = place.endpoint ?? `the endpoint of ${place.region}`;
  if (isKmsError(error, 'AccessDeniedException', 'AccessDenied')) {
    return { reason: 'KmsAccessDenied', message: `KMS refused the operator: ${message}` };
  }
  if (isKmsError(error, 'DisabledException')) {
    return { reason: 'KeyDisabled', message: `${message}: enable the key` };
  }
  if (isKmsError(error, ...CREDENTIALS)) {
    return {
      reason: 'KmsAccessDenied',
      message: `the operator has no AWS credentials that work: ${message}`,
    };
  }
  if (error instanceof OverBudgetError || isThrottling(error)) {
    const advice =
      "it is tried again by itself; if it stays, raise the request quota of the account, or the operator's share of it (KMS_QUOTA_PERCENT)";
    return { reason: 'KmsThrottled', message: `KMS at ${where} is asked too often: ${message}; ${advice}` };
  }
  if (isKmsError(error, 'LimitExceededException')) {
    return {
      reason: 'KmsAccessDenied',
      message: `a resource quota of the account is used up: ${message}: raise it in Service Quotas`,
    };
  }
  return {
    reason: 'KmsUnreachable',
    message: `KMS at ${where} does not answer as it should: ${message}; it is tried again by itself`,
  };
}
