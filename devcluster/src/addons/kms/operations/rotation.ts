import { z } from 'zod';
import { AwsError } from '../aws-error.ts';
import { ANY_STATE, type Call, KeyReference, keyFor, operation, seconds } from '../operation.ts';
import type { KeyRecord, KeyState } from '../state.ts';

const ByKeyId = z.object({ KeyId: KeyReference });

function rotatable(call: Call, reference: string, action: string, states?: readonly KeyState[]): KeyRecord {
  const key = keyFor(call, { reference, action, ...(states !== undefined && { states }) });
  if (key.keySpec !== 'SYMMETRIC_DEFAULT')
    throw new AwsError('UnsupportedOperationException', `A key of spec ${key.keySpec} cannot be rotated.`);
  return key;
}

export const EnableKeyRotation = operation(
  ByKeyId.extend({ RotationPeriodInDays: z.int().min(90).max(2560).optional() }),
  (input, call) => {
    const key = rotatable(call, input.KeyId, 'EnableKeyRotation');
    const period = input.RotationPeriodInDays ?? key.rotation?.periodInDays ?? 365;
    if (period !== key.rotation?.periodInDays) call.ring.scheduleRotation(key, period);
    call.ring.save();
    return {};
  },
);

export const DisableKeyRotation = operation(ByKeyId, (input, call) => {
  const key = rotatable(call, input.KeyId, 'DisableKeyRotation');
  delete key.rotation;
  call.ring.save();
  return {};
});

export const GetKeyRotationStatus = operation(ByKeyId, (input, call) => {
  const key = rotatable(call, input.KeyId, 'GetKeyRotationStatus', ANY_STATE);
  return {
    KeyId: key.keyId,
    KeyRotationEnabled: key.rotation !== undefined,
    ...(key.rotation !== undefined && {
      RotationPeriodInDays: key.rotation.periodInDays,
      NextRotationDate: seconds(key.rotation.nextAtMs),
    }),
  };
});

/** AWS rotates some minutes later; here it is done when the answer leaves. */
export const RotateKeyOnDemand = operation(ByKeyId, (input, call) => {
  const key = rotatable(call, input.KeyId, 'RotateKeyOnDemand');
  call.ring.rotate(key);
  call.ring.save();
  return { KeyId: key.keyId };
});
