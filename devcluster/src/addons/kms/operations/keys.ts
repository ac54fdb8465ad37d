import { z } from 'zod';
import { authorize } from '../authorize.ts';
import { AwsError } from '../aws-error.ts';
import type { KeyRing } from '../key-ring.ts';
import { ANY_STATE, KeyReference, keyFor, NOT_PENDING_DELETION, operation, seconds } from '../operation.ts';
import { page, pagingInput } from '../paging.ts';
import { type KeyRecord, KeySpec, KeyUsage } from '../state.ts';
import { defaultPolicy, PolicyDocument } from './policy.ts';
import { TagList, tagsOf } from './tags.ts';

const ByKeyId = z.object({ KeyId: KeyReference });

function metadata(ring: KeyRing, key: KeyRecord): object {
  return {
    AWSAccountId: ring.account,
    KeyId: key.keyId,
    Arn: ring.keyArn(key.keyId),
    CreationDate: seconds(key.createdAtMs),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: key.keyUsage,
    KeyState: key.state,
    ...(key.deletionAtMs !== undefined && { DeletionDate: seconds(key.deletionAtMs) }),
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    KeySpec: key.keySpec,
    CustomerMasterKeySpec: key.keySpec,
    ...(key.keyUsage === 'ENCRYPT_DECRYPT'
      ? { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] }
      : { MacAlgorithms: ['HMAC_SHA_256'] }),
    MultiRegion: false,
  };
}

export const CreateKey = operation(
  z.object({
    Description: z.string().max(8192).default(''),
    KeySpec: z.string().default('SYMMETRIC_DEFAULT'),
    KeyUsage: KeyUsage.default('ENCRYPT_DECRYPT'),
    Origin: z.literal('AWS_KMS').default('AWS_KMS'),
    MultiRegion: z.literal(false).optional(),
    Policy: PolicyDocument.optional(),
    Tags: TagList.default([]),
  }),
  (input, call) => {
    authorize(call.caller, { action: 'CreateKey', resource: '*' });
    const spec = KeySpec.safeParse(input.KeySpec);
    if (!spec.success)
      throw new AwsError('UnsupportedOperationException', `KeySpec ${input.KeySpec} is not supported.`);
    const usage: KeyUsage = spec.data === 'HMAC_256' ? 'GENERATE_VERIFY_MAC' : 'ENCRYPT_DECRYPT';
    if (input.KeyUsage !== usage)
      throw new AwsError(
        'ValidationException',
        `KeyUsage ${input.KeyUsage} is not compatible with ${spec.data}`,
      );
    const key = call.ring.create({
      description: input.Description,
      keySpec: spec.data,
      keyUsage: usage,
      policy: input.Policy ?? defaultPolicy(call.ring.account),
      tags: tagsOf(input.Tags),
    });
    call.keyArn = call.ring.keyArn(key.keyId);
    return { KeyMetadata: metadata(call.ring, key) };
  },
);

export const DescribeKey = operation(ByKeyId, (input, call) => {
  const key = keyFor(call, {
    ...{ reference: input.KeyId, action: 'DescribeKey', byAlias: true },
    states: ANY_STATE,
  });
  return { KeyMetadata: metadata(call.ring, key) };
});

export const ListKeys = operation(z.object(pagingInput(1000)), (input, call) => {
  authorize(call.caller, { action: 'ListKeys', resource: '*' });
  const { entries, rest } = page(call.ring.keys(), (key) => key.keyId, input, 100);
  return { Keys: entries.map(({ keyId }) => ({ KeyId: keyId, KeyArn: call.ring.keyArn(keyId) })), ...rest };
});

export const UpdateKeyDescription = operation(
  ByKeyId.extend({ Description: z.string().max(8192) }),
  (input, call) => {
    const key = keyFor(call, {
      ...{ reference: input.KeyId, action: 'UpdateKeyDescription' },
      states: NOT_PENDING_DELETION,
    });
    key.description = input.Description;
    call.ring.save();
    return {};
  },
);

/** EnableKey and DisableKey: a key that is so already is no error. */
function setState(action: string, state: 'Enabled' | 'Disabled') {
  return operation(ByKeyId, (input, call) => {
    const key = keyFor(call, { reference: input.KeyId, action, states: NOT_PENDING_DELETION });
    key.state = state;
    call.ring.save();
    return {};
  });
}
export const EnableKey = setState('EnableKey', 'Enabled');
export const DisableKey = setState('DisableKey', 'Disabled');

export const ScheduleKeyDeletion = operation(
  ByKeyId.extend({ PendingWindowInDays: z.int().min(7).max(30).default(30) }),
  (input, call) => {
    const key = keyFor(call, {
      ...{ reference: input.KeyId, action: 'ScheduleKeyDeletion' },
      states: NOT_PENDING_DELETION,
    });
    key.state = 'PendingDeletion';
    key.deletionAtMs = call.ring.now() + input.PendingWindowInDays * 24 * 3600_000;
    call.ring.save();
    return {
      KeyId: call.ring.keyArn(key.keyId),
      DeletionDate: seconds(key.deletionAtMs),
      KeyState: key.state,
      PendingWindowInDays: input.PendingWindowInDays,
    };
  },
);

export const CancelKeyDeletion = operation(ByKeyId, (input, call) => {
  const key = keyFor(call, { reference: input.KeyId, action: 'CancelKeyDeletion', states: ANY_STATE });
  const arn = call.ring.keyArn(key.keyId);
  if (key.state !== 'PendingDeletion')
    throw new AwsError('KMSInvalidStateException', `${arn} is not pending deletion.`);
  key.state = 'Disabled';
  delete key.deletionAtMs;
  call.ring.save();
  return { KeyId: arn };
});
