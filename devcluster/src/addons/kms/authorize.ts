import { AwsError } from './aws-error.ts';
import type { Caller } from './credentials.ts';
import { grantAllows } from './grants.ts';
import { type EncryptionContext, GrantOperation, type KeyRecord } from './state.ts';

/** The permissions that use a key, rather than manage it. */
const USES: ReadonlySet<string> = new Set([
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncryptFrom',
  'ReEncryptTo',
  'VerifyMac',
]);

/** A permission that is asked for: an operation's name, but ReEncrypt's are two, one for each key. */
export interface PermissionRequest {
  action: string;
  key?: KeyRecord;
  context?: EncryptionContext;
  /** ARN that the message of a refusal names. */
  resource: string;
}

/**
 * Lets a call through, or refuses it as AWS would: denied unless a permission or a grant allows it, and what is
 * forbidden to administrators of keys no grant allows them.
 *
 * @throws AwsError AccessDeniedException
 */
export function authorize(caller: Caller, request: PermissionRequest): void {
  const reason = refusal(caller, request);
  if (reason === undefined) return;
  throw new AwsError(
    'AccessDeniedException',
    `User: ${caller.arn} is not authorized to perform: kms:${request.action} on resource: ${request.resource} because ${reason}`,
  );
}

function refusal(caller: Caller, { action, key, context = {} }: PermissionRequest): string | undefined {
  const { permissions, roleArn } = caller.principal;
  if (permissions === 'full') return undefined;
  if (permissions === 'key-admin')
    return USES.has(action) ? 'of an explicit deny in an identity-based policy' : undefined;
  const operation = GrantOperation.safeParse(action);
  const granted =
    operation.success &&
    key?.grants.some((grant) =>
      grantAllows(grant, { principal: roleArn, operation: operation.data, context }),
    );
  return granted ? undefined : 'no identity-based policy or grant allows the action';
}
