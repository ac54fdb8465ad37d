import type { KeyOutcome, KeyPlan } from '../desired/key.ts';

type Problem = NonNullable<KeyOutcome['problem']>;

export function isKmsError(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** What a failed call means for the condition. Messages of AWS name the call, the key and the role: worth passing on. */
export function kmsProblem(error: unknown, plan: KeyPlan): Problem {
  const message = error instanceof Error ? error.message : String(error);
  if (isKmsError(error, 'AccessDeniedException', 'AccessDenied')) {
    return { reason: 'KmsAccessDenied', message: `KMS refused the operator: ${message}` };
  }
  if (isKmsError(error, 'DisabledException')) {
    return { reason: 'KeyDisabled', message: `${message}: enable the key` };
  }
  if (isKmsError(error, 'CredentialsProviderError', 'InvalidIdentityToken', 'UnrecognizedClientException')) {
    return {
      reason: 'KmsAccessDenied',
      message: `the operator has no AWS credentials that work: ${message}`,
    };
  }
  const where = plan.endpoint ?? `the endpoint of ${plan.region}`;
  return { reason: 'KmsUnreachable', message: `KMS at ${where} does not answer as it should: ${message}` };
}
