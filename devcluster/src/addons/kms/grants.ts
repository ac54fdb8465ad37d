import type { EncryptionContext, GrantConstraints, GrantOperation, GrantRecord, KeyUsage } from './state.ts';

/** Operations that carry an encryption context, and which of a key's usages each operation needs. */
const BY_USAGE: Record<KeyUsage, readonly GrantOperation[]> = {
  ENCRYPT_DECRYPT: [
    'Decrypt',
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'ReEncryptFrom',
    'ReEncryptTo',
  ],
  GENERATE_VERIFY_MAC: ['GenerateMac', 'VerifyMac'],
};

/**
 * Operations without an encryption context, to which constraints do not apply; what CreateGrant passes on is
 * held to them in another way ({@link atLeastAsStrict}).
 */
const UNCONSTRAINED: readonly GrantOperation[] = ['CreateGrant', 'DescribeKey', 'RetireGrant'];

/** Whether a grant on a key of that usage can name the operation. */
export function grantable(operation: GrantOperation, usage: KeyUsage): boolean {
  return UNCONSTRAINED.includes(operation) || BY_USAGE[usage].includes(operation);
}

/** Whether a grant with constraints can name the operation: MAC operations know no encryption context. */
export function constrainable(operation: GrantOperation): boolean {
  return !BY_USAGE.GENERATE_VERIFY_MAC.includes(operation);
}

/** Whether a grant allows a principal an operation with this encryption context. */
export function grantAllows(
  grant: GrantRecord,
  request: { principal: string; operation: GrantOperation; context: EncryptionContext },
): boolean {
  return (
    grant.granteePrincipal === request.principal &&
    grant.operations.includes(request.operation) &&
    (UNCONSTRAINED.includes(request.operation) || meets(request.context, grant.constraints))
  );
}

/** Whether an encryption context meets a grant's constraints; keys and values compare exactly. */
export function meets(context: EncryptionContext, constraints: GrantConstraints | undefined): boolean {
  const { EncryptionContextSubset: subset, EncryptionContextEquals: equals } = constraints ?? {};
  return (
    (subset === undefined || includes(context, subset)) &&
    (equals === undefined || (includes(context, equals) && includes(equals, context)))
  );
}

/**
 * Whether whatever `inner` allows, `outer` allows as well: the condition under which the holder of a constrained
 * CreateGrant may pass a grant on.
 */
export function atLeastAsStrict(
  inner: GrantConstraints | undefined,
  outer: GrantConstraints | undefined,
): boolean {
  const { EncryptionContextSubset: subset, EncryptionContextEquals: equals } = inner ?? {};
  if (outer?.EncryptionContextEquals !== undefined) return equals !== undefined && meets(equals, outer);
  if (outer?.EncryptionContextSubset === undefined) return true;
  return [subset, equals].some((pairs) => pairs !== undefined && meets(pairs, outer));
}

function includes(context: EncryptionContext, wanted: EncryptionContext): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => Object.hasOwn(context, key) && context[key] === value,
  );
}
