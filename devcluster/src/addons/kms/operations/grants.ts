import { createHash, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { authorize } from '../authorize.ts';
import { AwsError } from '../aws-error.ts';
import { atLeastAsStrict, constrainable, grantAllows, grantable } from '../grants.ts';
import { ANY_STATE, type Call, DryRun, KeyReference, keyFor, operation, seconds } from '../operation.ts';
import { page, pagingInput } from '../paging.ts';
import { EncryptionContext, GrantOperation, type GrantRecord, type KeyRecord } from '../state.ts';

const PrincipalArn = z
  .string()
  .max(256)
  .refine((arn) => {
    if (/^arn:aws:(iam::\d{12}:(root|(role|user)\/.+)|sts::\d{12}:assumed-role\/.+)$/.test(arn)) return true;
    throw new AwsError('InvalidArnException', `${arn} is not the ARN of a principal.`);
  });
const ConstraintPairs = EncryptionContext.refine(
  (pairs) => Object.keys(pairs).length <= 8 && Object.values(pairs).every((value) => value.length <= 384),
  'must have at most 8 pairs, with values of at most 384 characters',
);

export const CreateGrant = operation(
  z.object({
    KeyId: KeyReference,
    GranteePrincipal: PrincipalArn,
    RetiringPrincipal: PrincipalArn.optional(),
    Operations: z.array(GrantOperation).min(1),
    Constraints: z
      .object({
        EncryptionContextSubset: ConstraintPairs.optional(),
        EncryptionContextEquals: ConstraintPairs.optional(),
      })
      .optional(),
    Name: z
      .string()
      .regex(/^[a-zA-Z0-9:/_-]{1,256}$/)
      .optional(),
    DryRun,
  }),
  (input, call) => {
    const key = keyFor(call, { reference: input.KeyId, action: 'CreateGrant', dryRun: input.DryRun });
    const grant: Omit<GrantRecord, 'grantId' | 'grantToken' | 'createdAtMs'> = {
      ...(input.Name !== undefined && { name: input.Name }),
      granteePrincipal: input.GranteePrincipal,
      ...(input.RetiringPrincipal !== undefined && { retiringPrincipal: input.RetiringPrincipal }),
      operations: [...new Set(input.Operations)].sort(),
      ...(input.Constraints !== undefined && { constraints: input.Constraints }),
      issuingAccount: `arn:aws:iam::${call.ring.account}:root`,
    };
    checkGrant(call, key, grant);
    const stored = findSame(key, grant) ?? addGrant(key, grant, call.ring.now());
    stored.grantToken = randomBytes(48).toString('base64url');
    call.ring.save();
    return { GrantId: stored.grantId, GrantToken: stored.grantToken };
  },
);

type NewGrant = Omit<GrantRecord, 'grantId' | 'grantToken' | 'createdAtMs'>;

function checkGrant(call: Call, key: KeyRecord, grant: NewGrant): void {
  const unfit = grant.operations.find((name) => !grantable(name, key.keyUsage));
  if (unfit !== undefined)
    throw new AwsError('ValidationException', `Operation ${unfit} is not valid for a ${key.keyUsage} key.`);
  const unconstrainable = grant.operations.find((name) => !constrainable(name));
  if (grant.constraints !== undefined && unconstrainable !== undefined)
    throw new AwsError(
      'ValidationException',
      `${unconstrainable} cannot be constrained by encryption context.`,
    );

  const { permissions, roleArn } = call.caller.principal;
  if (permissions === 'full') return;
  const refuse = (reason: string) => {
    throw new AwsError(
      'AccessDeniedException',
      `User: ${call.caller.arn} is not authorized to perform: kms:CreateGrant on resource: ${call.ring.keyArn(key.keyId)} because ${reason}`,
    );
  };
  if (permissions === 'key-admin') {
    // Otherwise it could give itself what it is denied (in AWS: the condition key kms:GranteePrincipal).
    if (roleOf(grant.granteePrincipal) === roleArn) refuse('of an explicit deny for this grantee');
    return;
  }
  const source = key.grants.find(
    (own) =>
      grantAllows(own, { principal: roleArn, operation: 'CreateGrant', context: {} }) &&
      grant.operations.every((name) => own.operations.includes(name)) &&
      atLeastAsStrict(grant.constraints, own.constraints),
  );
  if (source === undefined) refuse('no grant allows so much to be passed on');
}

/** The role behind a session's ARN. */
function roleOf(arn: string): string {
  return arn.replace(/^arn:aws:sts::(\d+):assumed-role\/(.+)\/[^/]+$/, 'arn:aws:iam::$1:role/$2');
}

/** A named grant is made once: the same request again answers the same grant, with a new token. */
function findSame(key: KeyRecord, wanted: NewGrant): GrantRecord | undefined {
  if (wanted.name === undefined) return undefined;
  return key.grants.find(({ grantId: _id, grantToken: _token, createdAtMs: _created, ...found }) =>
    isDeepStrictEqual(found, wanted),
  );
}

function addGrant(key: KeyRecord, grant: NewGrant, createdAtMs: number): GrantRecord {
  const grantId = createHash('sha256').update(randomBytes(32)).digest('hex');
  const added: GrantRecord = { ...grant, grantId, grantToken: '', createdAtMs };
  key.grants.push(added);
  return added;
}

function entry(call: Call, key: KeyRecord, grant: GrantRecord): object {
  return {
    KeyId: call.ring.keyArn(key.keyId),
    GrantId: grant.grantId,
    Name: grant.name ?? '',
    CreationDate: seconds(grant.createdAtMs),
    GranteePrincipal: grant.granteePrincipal,
    RetiringPrincipal: grant.retiringPrincipal,
    IssuingAccount: grant.issuingAccount,
    Operations: grant.operations,
    Constraints: grant.constraints,
  };
}

export const ListGrants = operation(
  z.object({
    KeyId: KeyReference,
    GrantId: z.string().optional(),
    GranteePrincipal: z.string().optional(),
    ...pagingInput(100),
  }),
  (input, call) => {
    const key = keyFor(call, { reference: input.KeyId, action: 'ListGrants', states: ANY_STATE });
    const wanted = key.grants.filter(
      (grant) =>
        (input.GrantId ?? grant.grantId) === grant.grantId &&
        (input.GranteePrincipal ?? grant.granteePrincipal) === grant.granteePrincipal,
    );
    const { entries, rest } = page(wanted, (grant) => grant.grantId, input, 50);
    return { Grants: entries.map((grant) => entry(call, key, grant)), ...rest };
  },
);

export const ListRetirableGrants = operation(
  z.object({ RetiringPrincipal: PrincipalArn, ...pagingInput(100) }),
  (input, call) => {
    if (roleOf(input.RetiringPrincipal) !== call.caller.principal.roleArn)
      authorize(call.caller, { action: 'ListRetirableGrants', resource: '*' });
    const all = call.ring
      .keys()
      .flatMap((key) => key.grants.map((grant) => ({ key, grant })))
      .filter(({ grant }) => grant.retiringPrincipal === input.RetiringPrincipal);
    const { entries, rest } = page(all, ({ grant }) => grant.grantId, input, 50);
    return { Grants: entries.map(({ key, grant }) => entry(call, key, grant)), ...rest };
  },
);

function removeGrant(call: Call, key: KeyRecord, grantId: string): void {
  key.grants = key.grants.filter((grant) => grant.grantId !== grantId);
  call.ring.save();
}

export const RevokeGrant = operation(
  z.object({ KeyId: KeyReference, GrantId: z.string().min(1), DryRun }),
  (input, call) => {
    const key = keyFor(call, {
      ...{ reference: input.KeyId, action: 'RevokeGrant', states: ANY_STATE },
      dryRun: input.DryRun,
    });
    if (!key.grants.some((grant) => grant.grantId === input.GrantId))
      throw new AwsError('NotFoundException', `Grant ID ${input.GrantId} not found`);
    removeGrant(call, key, input.GrantId);
    return {};
  },
);

/** By token, or by key and id. The retiring principal may, and a grantee whose grant says so. */
export const RetireGrant = operation(
  z.object({
    GrantToken: z.string().optional(),
    KeyId: KeyReference.optional(),
    GrantId: z.string().optional(),
    DryRun,
  }),
  (input, call) => {
    const { GrantToken: token, GrantId: id } = input;
    if (token === undefined && (id === undefined || input.KeyId === undefined))
      throw new AwsError('ValidationException', 'Give a GrantToken, or a KeyId and a GrantId.');
    const key =
      input.KeyId === undefined
        ? call.ring.keys().find((candidate) => candidate.grants.some((grant) => grant.grantToken === token))
        : call.ring.find(input.KeyId);
    const grant = key?.grants.find((candidate) =>
      token === undefined ? candidate.grantId === id : candidate.grantToken === token,
    );
    const { roleArn } = call.caller.principal;
    const ownGrant =
      grant !== undefined &&
      ((grant.retiringPrincipal !== undefined && roleOf(grant.retiringPrincipal) === roleArn) ||
        (grant.granteePrincipal === roleArn && grant.operations.includes('RetireGrant')));
    if (!ownGrant) authorize(call.caller, { action: 'RetireGrant', resource: input.KeyId ?? '*' });
    if (key === undefined || grant === undefined)
      throw new AwsError('NotFoundException', 'The grant is not found.');
    call.keyArn = call.ring.keyArn(key.keyId);
    if (input.DryRun === true)
      throw new AwsError('DryRunOperationException', 'The request would have succeeded.');
    removeGrant(call, key, grant.grantId);
    return {};
  },
);
