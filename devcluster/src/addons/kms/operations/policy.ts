import { z } from 'zod';
import { AwsError } from '../aws-error.ts';
import { ANY_STATE, KeyReference, keyFor, operation } from '../operation.ts';

/**
 * Key policies are kept and given back, and not evaluated: what a principal may do without a grant is in the
 * configuration of this endpoint.
 */
export const PolicyDocument = z
  .string()
  .min(1)
  .max(131_072)
  .refine((text) => {
    try {
      const document: unknown = JSON.parse(text);
      if (typeof document === 'object' && document !== null && 'Statement' in document) return true;
    } catch {}
    throw new AwsError('MalformedPolicyDocumentException', 'The new key policy is not a policy in JSON.');
  });

/** What AWS gives a key that is made without a policy: the account's own permissions decide. */
export function defaultPolicy(account: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}

const PolicyName = z.literal('default').default('default');

export const GetKeyPolicy = operation(z.object({ KeyId: KeyReference, PolicyName }), (input, call) => {
  const key = keyFor(call, { reference: input.KeyId, action: 'GetKeyPolicy', states: ANY_STATE });
  return { Policy: key.policy, PolicyName: input.PolicyName };
});

export const PutKeyPolicy = operation(
  z.object({ KeyId: KeyReference, PolicyName, Policy: PolicyDocument }),
  (input, call) => {
    const key = keyFor(call, { reference: input.KeyId, action: 'PutKeyPolicy', states: ANY_STATE });
    key.policy = input.Policy;
    call.ring.save();
    return {};
  },
);
