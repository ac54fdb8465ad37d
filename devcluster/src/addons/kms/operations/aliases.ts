import { z } from 'zod';
import { authorize } from '../authorize.ts';
import { AwsError } from '../aws-error.ts';
import {
  ANY_STATE,
  type Call,
  KeyReference,
  keyFor,
  NOT_PENDING_DELETION,
  operation,
  seconds,
} from '../operation.ts';
import { page, pagingInput } from '../paging.ts';
import type { AliasRecord } from '../state.ts';

const AliasName = z
  .string()
  .min(1)
  .max(256)
  .refine((name) => {
    if (/^alias\/(?!aws\/)[a-zA-Z0-9/_-]+$/.test(name)) return true;
    throw new AwsError('InvalidAliasNameException', `Alias '${name}' is not a valid alias name.`);
  });
const AliasAndTarget = z.object({ AliasName, TargetKeyId: KeyReference });

function aliasFor(call: Call, action: string, name: string): AliasRecord {
  authorize(call.caller, { action, resource: call.ring.aliasArn(name) });
  const alias = Object.hasOwn(call.ring.aliases, name) ? call.ring.aliases[name] : undefined;
  if (alias === undefined)
    throw new AwsError('NotFoundException', `Alias ${call.ring.aliasArn(name)} is not found.`);
  return alias;
}

export const CreateAlias = operation(AliasAndTarget, (input, call) => {
  const key = keyFor(call, {
    ...{ reference: input.TargetKeyId, action: 'CreateAlias' },
    states: NOT_PENDING_DELETION,
  });
  if (Object.hasOwn(call.ring.aliases, input.AliasName))
    throw new AwsError(
      'AlreadyExistsException',
      `An alias with the name ${call.ring.aliasArn(input.AliasName)} already exists`,
    );
  const now = call.ring.now();
  call.ring.aliases[input.AliasName] = { targetKeyId: key.keyId, createdAtMs: now, updatedAtMs: now };
  call.ring.save();
  return {};
});

export const UpdateAlias = operation(AliasAndTarget, (input, call) => {
  const alias = aliasFor(call, 'UpdateAlias', input.AliasName);
  const key = keyFor(call, {
    ...{ reference: input.TargetKeyId, action: 'UpdateAlias' },
    states: NOT_PENDING_DELETION,
  });
  if (call.ring.find(alias.targetKeyId)?.keyUsage !== key.keyUsage)
    throw new AwsError('ValidationException', 'The current and the new key must have the same key usage.');
  alias.targetKeyId = key.keyId;
  alias.updatedAtMs = call.ring.now();
  call.ring.save();
  return {};
});

export const DeleteAlias = operation(z.object({ AliasName }), (input, call) => {
  const alias = aliasFor(call, 'DeleteAlias', input.AliasName);
  call.keyArn = call.ring.keyArn(alias.targetKeyId);
  delete call.ring.aliases[input.AliasName];
  call.ring.save();
  return {};
});

export const ListAliases = operation(
  z.object({ KeyId: KeyReference.optional(), ...pagingInput(100) }),
  (input, call) => {
    authorize(call.caller, { action: 'ListAliases', resource: '*' });
    const target =
      input.KeyId === undefined
        ? undefined
        : keyFor(call, { reference: input.KeyId, action: 'ListAliases', states: ANY_STATE }).keyId;
    const all = Object.entries(call.ring.aliases).filter(
      ([, alias]) => target === undefined || alias.targetKeyId === target,
    );
    const { entries, rest } = page(all, ([name]) => name, input, 50);
    const Aliases = entries.map(([name, alias]) => ({
      AliasName: name,
      AliasArn: call.ring.aliasArn(name),
      TargetKeyId: alias.targetKeyId,
      CreationDate: seconds(alias.createdAtMs),
      LastUpdatedDate: seconds(alias.updatedAtMs),
    }));
    return { Aliases, ...rest };
  },
);
