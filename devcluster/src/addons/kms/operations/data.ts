import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { authorize } from '../authorize.ts';
import { AwsError } from '../aws-error.ts';
import { readName, seal, unseal } from '../ciphertext.ts';
import { Blob, type Call, DryRun, KeyReference, keyFor, operation } from '../operation.ts';
import { EncryptionContext, type KeyRecord } from '../state.ts';

const Algorithm = z.literal('SYMMETRIC_DEFAULT').default('SYMMETRIC_DEFAULT');
const Context = EncryptionContext.default({});
const Ciphertext = Blob(1, 6144);

export const Encrypt = operation(
  z.object({
    KeyId: KeyReference,
    Plaintext: Blob(1, 4096),
    EncryptionContext: Context,
    EncryptionAlgorithm: Algorithm,
    DryRun,
  }),
  (input, call) => {
    const key = keyFor(call, {
      ...{ reference: input.KeyId, action: 'Encrypt', byAlias: true, usage: 'ENCRYPT_DECRYPT' },
      ...{ context: input.EncryptionContext, dryRun: input.DryRun },
    });
    return {
      CiphertextBlob: sealUnder(call, key, input.Plaintext, input.EncryptionContext),
      KeyId: call.ring.keyArn(key.keyId),
      EncryptionAlgorithm: input.EncryptionAlgorithm,
    };
  },
);

export const Decrypt = operation(
  z.object({
    CiphertextBlob: Ciphertext,
    KeyId: KeyReference.optional(),
    EncryptionContext: Context,
    EncryptionAlgorithm: Algorithm,
    DryRun,
  }),
  (input, call) => {
    const { key, plaintext } = open(call, {
      ...{ action: 'Decrypt', blob: input.CiphertextBlob, context: input.EncryptionContext },
      ...{ expectedKey: input.KeyId, dryRun: input.DryRun },
    });
    return {
      KeyId: call.ring.keyArn(key.keyId),
      Plaintext: plaintext.toString('base64'),
      EncryptionAlgorithm: input.EncryptionAlgorithm,
    };
  },
);

export const ReEncrypt = operation(
  z.object({
    CiphertextBlob: Ciphertext,
    SourceEncryptionContext: Context,
    SourceKeyId: KeyReference.optional(),
    SourceEncryptionAlgorithm: Algorithm,
    DestinationKeyId: KeyReference,
    DestinationEncryptionContext: Context,
    DestinationEncryptionAlgorithm: Algorithm,
    DryRun,
  }),
  (input, call) => {
    const source = open(call, {
      ...{ action: 'ReEncryptFrom', blob: input.CiphertextBlob, context: input.SourceEncryptionContext },
      expectedKey: input.SourceKeyId,
    });
    const destination = keyFor(call, {
      ...{
        reference: input.DestinationKeyId,
        action: 'ReEncryptTo',
        byAlias: true,
        usage: 'ENCRYPT_DECRYPT',
      },
      ...{ context: input.DestinationEncryptionContext, dryRun: input.DryRun },
    });
    return {
      CiphertextBlob: sealUnder(call, destination, source.plaintext, input.DestinationEncryptionContext),
      SourceKeyId: call.ring.keyArn(source.key.keyId),
      KeyId: call.ring.keyArn(destination.keyId),
      SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm,
      DestinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm,
    };
  },
);

const DataKeyInput = z.object({
  KeyId: KeyReference,
  EncryptionContext: Context,
  KeySpec: z.enum(['AES_128', 'AES_256']).optional(),
  NumberOfBytes: z.int().min(1).max(1024).optional(),
  DryRun,
});

function dataKey(call: Call, action: string, input: z.output<typeof DataKeyInput>) {
  if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined))
    throw new AwsError('ValidationException', 'Please specify either number of bytes or key spec.');
  const key = keyFor(call, {
    ...{ reference: input.KeyId, action, byAlias: true, usage: 'ENCRYPT_DECRYPT' },
    ...{ context: input.EncryptionContext, dryRun: input.DryRun },
  });
  const plaintext = randomBytes(input.NumberOfBytes ?? (input.KeySpec === 'AES_128' ? 16 : 32));
  const CiphertextBlob = sealUnder(call, key, plaintext, input.EncryptionContext);
  return { plaintext, answer: { CiphertextBlob, KeyId: call.ring.keyArn(key.keyId) } };
}

export const GenerateDataKey = operation(DataKeyInput, (input, call) => {
  const { plaintext, answer } = dataKey(call, 'GenerateDataKey', input);
  return { ...answer, Plaintext: plaintext.toString('base64') };
});

export const GenerateDataKeyWithoutPlaintext = operation(
  DataKeyInput,
  (input, call) => dataKey(call, 'GenerateDataKeyWithoutPlaintext', input).answer,
);

function sealUnder(call: Call, key: KeyRecord, plaintext: Buffer, context: EncryptionContext): string {
  return seal(key.keyId, call.ring.currentMaterial(key), plaintext, context).toString('base64');
}

/** Decrypt, and the first half of ReEncrypt: the blob itself names its key. */
function open(
  call: Call,
  request: {
    action: 'Decrypt' | 'ReEncryptFrom';
    blob: Buffer;
    context: EncryptionContext;
    expectedKey: string | undefined;
    dryRun?: boolean | undefined;
  },
): { key: KeyRecord; plaintext: Buffer } {
  const { action, blob, context, expectedKey } = request;
  const invalid = () => new AwsError('InvalidCiphertextException', 'The ciphertext cannot be decrypted.');
  const name = readName(blob);
  if (name === undefined) {
    authorize(call.caller, { action, context, resource: expectedKey ?? '*' });
    throw invalid();
  }
  const key = keyFor(call, {
    ...{ reference: expectedKey ?? name.keyId, action, byAlias: true, usage: 'ENCRYPT_DECRYPT' },
    ...{ context, dryRun: request.dryRun },
  });
  if (key.keyId !== name.keyId)
    throw new AwsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  const material = key.materials.find(({ version }) => version === name.version);
  const plaintext = material && unseal(material, blob, context);
  if (plaintext === undefined) throw invalid();
  return { key, plaintext };
}
