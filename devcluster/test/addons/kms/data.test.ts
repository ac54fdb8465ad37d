import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  KMSClient,
  ReEncryptCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestKms, type TestKms } from '../../../src/addons/index.ts';

let kms: TestKms;
let client: KMSClient;
let KeyId: string;
let other: string;
const EncryptionContext = { vault: 'acme-dev', merchant: 'acme' };
beforeAll(async () => {
  kms = await startTestKms();
  client = new KMSClient({ ...kms.clientSettings.admin, maxAttempts: 1 });
  const create = async () => (await client.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId ?? '';
  [KeyId, other] = [await create(), await create()];
});
afterAll(async () => {
  client.destroy();
  await kms.stop();
});
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

describe('Encrypt and Decrypt', () => {
  test('give back what went in, for the same encryption context', async () => {
    const Plaintext = Buffer.from('a data key');
    const encrypted = await client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));
    expect(Buffer.from(encrypted.CiphertextBlob ?? []).includes(Plaintext)).toBe(false);
    const { CiphertextBlob } = encrypted;
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId }));
    expect(text(opened.Plaintext)).toBe('a data key');
    expect(opened.KeyId).toMatch(new RegExp(`key/${KeyId}$`));
  });

  test('refuse another context, another key and other bytes', async () => {
    const { CiphertextBlob } = await client.send(
      new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), EncryptionContext }),
    );
    const decrypt = (change: object) =>
      client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, ...change }));
    const invalid = { name: 'InvalidCiphertextException' };
    await expect(decrypt({ EncryptionContext: {} })).rejects.toMatchObject(invalid);
    await expect(decrypt({ EncryptionContext: { ...EncryptionContext, more: '1' } })).rejects.toMatchObject(
      invalid,
    );
    await expect(decrypt({ CiphertextBlob: Buffer.from('nonsense') })).rejects.toMatchObject(invalid);
    await expect(decrypt({ KeyId: other })).rejects.toMatchObject({ name: 'IncorrectKeyException' });
  });

  test('refuse what is too long or empty', async () => {
    for (const length of [0, 4097])
      await expect(
        client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(length) })),
      ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('with DryRun do nothing and say so', async () => {
    await expect(
      client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), DryRun: true })),
    ).rejects.toMatchObject({ name: 'DryRunOperationException' });
  });
});

describe('ReEncrypt', () => {
  test('moves a ciphertext to another key and context', async () => {
    const { CiphertextBlob } = await client.send(
      new EncryptCommand({ KeyId, Plaintext: Buffer.from('moved'), EncryptionContext }),
    );
    const moved = await client.send(
      new ReEncryptCommand({
        ...{ CiphertextBlob, SourceEncryptionContext: EncryptionContext },
        ...{ DestinationKeyId: other, DestinationEncryptionContext: { vault: 'b' } },
      }),
    );
    const opened = await client.send(
      new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { vault: 'b' } }),
    );
    expect([text(opened.Plaintext), opened.KeyId]).toEqual(['moved', moved.KeyId]);
  });
});

describe('a data key', () => {
  test('comes in the clear and encrypted, and Decrypt gives the same', async () => {
    const made = await client.send(
      new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }),
    );
    expect(made.Plaintext?.length).toBe(32);
    const { CiphertextBlob } = made;
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(opened.Plaintext).toEqual(made.Plaintext);
  });

  test('comes only encrypted from the operation that says so', async () => {
    const made = await client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 64 }));
    expect(made).not.toHaveProperty('Plaintext');
    const { CiphertextBlob } = made;
    expect((await client.send(new DecryptCommand({ CiphertextBlob }))).Plaintext?.length).toBe(64);
  });

  test('wants a length, told once', async () => {
    for (const size of [{}, { KeySpec: 'AES_256', NumberOfBytes: 32 } as const])
      await expect(client.send(new GenerateDataKeyCommand({ KeyId, ...size }))).rejects.toMatchObject({
        name: 'ValidationException',
      });
  });
});

describe('a MAC', () => {
  const Message = Buffer.from('heads of the audit chains');
  const MacAlgorithm = 'HMAC_SHA_256';

  test('is verified for its message only', async () => {
    const created = await client.send(
      new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }),
    );
    const macKey = created.KeyMetadata?.KeyId;
    const { Mac } = await client.send(new GenerateMacCommand({ KeyId: macKey, Message, MacAlgorithm }));
    const verify = (message: Buffer) =>
      client.send(new VerifyMacCommand({ KeyId: macKey, Message: message, MacAlgorithm, Mac }));
    expect(await verify(Message)).toMatchObject({ MacValid: true });
    await expect(verify(Buffer.from('other'))).rejects.toMatchObject({ name: 'KMSInvalidMacException' });
  });

  test('and encryption keep to their own kind of key', async () => {
    await expect(client.send(new GenerateMacCommand({ KeyId, Message, MacAlgorithm }))).rejects.toMatchObject(
      { name: 'InvalidKeyUsageException' },
    );
  });
});

describe('the log', () => {
  test('has a line for each call, and no plaintext in it', async () => {
    const before = kms.calls.length;
    const Plaintext = Buffer.from('4242424242424242');
    await client.send(
      new EncryptCommand({ KeyId, Plaintext, EncryptionContext: { pan: '4242424242424242' } }),
    );
    expect(kms.calls.slice(before)).toEqual([
      {
        ...{ service: 'kms', operation: 'Encrypt', result: 'ok', durationMs: expect.any(Number) },
        principal: 'arn:aws:iam::000000000000:role/admin',
        keyArn: `arn:aws:kms:eu-central-1:000000000000:key/${KeyId}`,
      },
    ]);
    expect(JSON.stringify(kms.calls)).not.toMatch(/4242424242424242|NDI0MjQyNDI0MjQyNDI0Mg/);
  });
});
