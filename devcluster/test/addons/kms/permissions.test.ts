import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  type GrantConstraints,
  type GrantOperation,
  KMSClient,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeysCommand,
  ListRetirableGrantsCommand,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { KMS_ROLES, type KmsClientSettings, startTestKms, type TestKms } from '../../../src/addons/index.ts';

let kms: TestKms;
let admin: KMSClient;
let operator: KMSClient;
let vault: KMSClient;
let KeyId: string;
const denied = { name: 'AccessDeniedException' };
const acme = { vault: 'acme-dev' };
const clientOf = (settings: KmsClientSettings) => new KMSClient({ ...settings, maxAttempts: 1 });
beforeAll(async () => {
  kms = await startTestKms();
  const { clientSettings } = kms;
  [admin, operator, vault] = [clientSettings.admin, clientSettings.operator, clientSettings.vault].map(
    clientOf,
  ) as [KMSClient, KMSClient, KMSClient];
});
afterAll(async () => {
  for (const client of [admin, operator, vault]) client.destroy();
  await kms.stop();
});
beforeEach(async () => {
  KeyId = (await operator.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId ?? '';
});

interface GrantChange {
  Operations?: GrantOperation[];
  Constraints?: GrantConstraints;
  GranteePrincipal?: string;
  RetiringPrincipal?: string;
  Name?: string;
}
const grant = (change: GrantChange = {}, by = operator) =>
  by.send(
    new CreateGrantCommand({
      KeyId,
      GranteePrincipal: KMS_ROLES.vault,
      Operations: ['GenerateDataKey', 'Decrypt', 'DescribeKey'],
      Constraints: { EncryptionContextSubset: acme },
      ...change,
    }),
  );
const dataKey = (EncryptionContext: Record<string, string>, by = vault) =>
  by.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }));

describe('the operator role', () => {
  test('can use no key in any way', async () => {
    const { CiphertextBlob } = await dataKey({}, admin);
    const Plaintext = Buffer.from('x');
    for (const call of [
      () => operator.send(new EncryptCommand({ KeyId, Plaintext })),
      () => operator.send(new DecryptCommand({ CiphertextBlob })),
      () => dataKey({}, operator),
      () => operator.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' })),
      () => operator.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId })),
      () =>
        operator.send(new GenerateMacCommand({ KeyId, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' })),
    ])
      await expect(call()).rejects.toMatchObject(denied);
  });

  test('cannot grant itself what it may not, nor use what others grant it', async () => {
    await expect(grant({ GranteePrincipal: KMS_ROLES.operator })).rejects.toMatchObject(denied);
    const session = 'arn:aws:sts::000000000000:assumed-role/cofferdam-operator/me';
    await expect(grant({ GranteePrincipal: session })).rejects.toMatchObject(denied);
    await grant({ GranteePrincipal: KMS_ROLES.operator }, admin);
    await expect(dataKey(acme, operator)).rejects.toMatchObject(denied);
  });
});

describe('the vault role', () => {
  test('can do nothing without a grant, and does not learn which keys exist', async () => {
    const calls = [
      () => vault.send(new CreateKeyCommand({})),
      () => vault.send(new ListKeysCommand({})),
      () => vault.send(new ListAliasesCommand({})),
      () => vault.send(new ListGrantsCommand({ KeyId })),
      () => vault.send(new DescribeKeyCommand({ KeyId })),
      () => vault.send(new DescribeKeyCommand({ KeyId: '2b1c8d5e-0000-4000-8000-000000000000' })),
      () => vault.send(new ScheduleKeyDeletionCommand({ KeyId })),
      () => vault.send(new DecryptCommand({ CiphertextBlob: Buffer.from('nonsense') })),
      () => dataKey(acme),
      () => grant({}, vault),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject(denied);
  });

  test('can do what a grant names, within its encryption context', async () => {
    await grant();
    const { CiphertextBlob } = await dataKey({ ...acme, merchant: 'acme' });
    const decrypt = (EncryptionContext: Record<string, string>) =>
      vault.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect((await decrypt({ merchant: 'acme', ...acme })).Plaintext?.length).toBe(32);
    expect((await vault.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyId).toBe(KeyId);

    await expect(dataKey({ vault: 'globex' })).rejects.toMatchObject(denied);
    await expect(dataKey({})).rejects.toMatchObject(denied);
    await expect(decrypt({ merchant: 'acme' })).rejects.toMatchObject(denied);
    await expect(decrypt({ ...acme, merchant: 'globex' })).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
    await expect(
      vault.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })),
    ).rejects.toMatchObject(denied);
  });

  test('needs the exact encryption context where the grant says Equals', async () => {
    await grant({ Constraints: { EncryptionContextEquals: acme } });
    expect((await dataKey(acme)).Plaintext?.length).toBe(32);
    await expect(dataKey({ ...acme, more: '1' })).rejects.toMatchObject(denied);
  });

  test('gains nothing on one key by a grant on another', async () => {
    await grant();
    const { CiphertextBlob } = await dataKey(acme);
    KeyId = (await operator.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId ?? '';
    await expect(dataKey(acme)).rejects.toMatchObject(denied);
    await expect(
      vault.send(
        new ReEncryptCommand({ CiphertextBlob, SourceEncryptionContext: acme, DestinationKeyId: KeyId }),
      ),
    ).rejects.toMatchObject(denied);
  });

  test('can pass on no more than it has', async () => {
    const other = 'arn:aws:iam::000000000000:role/other';
    await grant({ Operations: ['CreateGrant', 'Decrypt'] });
    const pass = (change: GrantChange) =>
      grant({ GranteePrincipal: other, Operations: ['Decrypt'], ...change }, vault);
    expect(
      await pass({ Constraints: { EncryptionContextSubset: { ...acme, merchant: 'a' } } }),
    ).toHaveProperty('GrantId');
    await expect(pass({ Operations: ['Encrypt'] })).rejects.toMatchObject(denied);
    await expect(pass({ Constraints: { EncryptionContextSubset: { merchant: 'a' } } })).rejects.toMatchObject(
      denied,
    );
    await expect(pass({ Constraints: {} })).rejects.toMatchObject(denied);
  });
});

describe('a grant', () => {
  test('is listed as it was made, and ends when revoked', async () => {
    const { GrantId } = await grant({ Name: 'cofferdam:acme-dev' });
    const { Grants } = await operator.send(
      new ListGrantsCommand({ KeyId, GranteePrincipal: KMS_ROLES.vault }),
    );
    expect(Grants).toEqual([
      {
        ...{ GrantId, Name: 'cofferdam:acme-dev', GranteePrincipal: KMS_ROLES.vault },
        ...{ KeyId: `arn:aws:kms:eu-central-1:000000000000:key/${KeyId}`, CreationDate: expect.any(Date) },
        IssuingAccount: 'arn:aws:iam::000000000000:root',
        Operations: ['Decrypt', 'DescribeKey', 'GenerateDataKey'],
        Constraints: { EncryptionContextSubset: acme },
      },
    ]);
    await operator.send(new RevokeGrantCommand({ KeyId, GrantId }));
    await expect(dataKey(acme)).rejects.toMatchObject(denied);
    await expect(operator.send(new RevokeGrantCommand({ KeyId, GrantId }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  test('with a name is made once, and again when anything differs', async () => {
    const first = await grant({ Name: 'n' });
    const again = await grant({ Name: 'n', Operations: ['DescribeKey', 'Decrypt', 'GenerateDataKey'] });
    const wider = await grant({ Name: 'n', Constraints: {} });
    const unnamed = [await grant(), await grant()];
    expect(again.GrantId).toBe(first.GrantId);
    expect(again.GrantToken).not.toBe(first.GrantToken);
    expect(new Set([first, wider, ...unnamed].map(({ GrantId }) => GrantId)).size).toBe(4);
  });

  test('is listed for and retired by its retiring principal', async () => {
    const { GrantId, GrantToken } = await grant({ RetiringPrincipal: KMS_ROLES.vault });
    const { Grants } = await vault.send(
      new ListRetirableGrantsCommand({ RetiringPrincipal: KMS_ROLES.vault }),
    );
    expect(Grants?.map((one) => one.GrantId)).toContain(GrantId);
    await vault.send(new RetireGrantCommand({ GrantToken }));
    await expect(dataKey(acme)).rejects.toMatchObject(denied);
    const another = await grant();
    await expect(
      vault.send(new RetireGrantCommand({ KeyId, GrantId: another.GrantId })),
    ).rejects.toMatchObject(denied);
  });

  test('is refused when it makes no sense', async () => {
    const refusal = async (change: GrantChange) => {
      const error: unknown = await grant(change).catch((reason: unknown) => reason);
      return error instanceof Error ? error.name : 'no error';
    };
    expect(await refusal({ GranteePrincipal: 'vault' })).toBe('InvalidArnException');
    expect(await refusal({ Operations: ['GenerateMac'] })).toBe('ValidationException');
    expect(await refusal({ Operations: [] })).toBe('ValidationException');
    const long = { EncryptionContextSubset: { vault: 'x'.repeat(385) } };
    expect(await refusal({ Constraints: long })).toBe('ValidationException');
  });
});
