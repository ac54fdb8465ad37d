import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AwsError } from '../aws-error.ts';
import { Blob, type Call, DryRun, KeyReference, keyFor, operation } from '../operation.ts';
import type { KeyRecord } from '../state.ts';

const MacInput = z.object({
  KeyId: KeyReference,
  Message: Blob(1, 4096),
  MacAlgorithm: z.literal('HMAC_SHA_256'),
  DryRun,
});

function compute(
  call: Call,
  action: string,
  input: z.output<typeof MacInput>,
): { key: KeyRecord; mac: Buffer } {
  const key = keyFor(call, {
    ...{ reference: input.KeyId, action, byAlias: true, usage: 'GENERATE_VERIFY_MAC' },
    dryRun: input.DryRun,
  });
  const secret = Buffer.from(call.ring.currentMaterial(key).secret, 'base64');
  return { key, mac: createHmac('sha256', secret).update(input.Message).digest() };
}

export const GenerateMac = operation(MacInput, (input, call) => {
  const { key, mac } = compute(call, 'GenerateMac', input);
  return {
    KeyId: call.ring.keyArn(key.keyId),
    MacAlgorithm: input.MacAlgorithm,
    Mac: mac.toString('base64'),
  };
});

export const VerifyMac = operation(MacInput.extend({ Mac: Blob(1, 6144) }), (input, call) => {
  const { key, mac } = compute(call, 'VerifyMac', input);
  if (input.Mac.length !== mac.length || !timingSafeEqual(input.Mac, mac))
    throw new AwsError('KMSInvalidMacException', 'The HMAC does not match the message.');
  return { KeyId: call.ring.keyArn(key.keyId), MacAlgorithm: input.MacAlgorithm, MacValid: true };
});
