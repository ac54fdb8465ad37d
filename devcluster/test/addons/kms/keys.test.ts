import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  paginateListKeys,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestKms, type TestKms } from '../../../src/addons/index.ts';

const DAY_MS = 24 * 3600_000;
let kms: TestKms;
let admin: KMSClient;
let aheadMs = 0;
beforeAll(async () => {
  kms = await startTestKms({ now: () => Date.now() + aheadMs });
  admin = new KMSClient({ ...kms.clientSettings.admin, maxAttempts: 1 });
});
afterAll(async () => {
  admin.destroy();
  await kms.stop();
});

async function createKey(input: ConstructorParameters<typeof CreateKeyCommand>[0] = {}): Promise<string> {
  const { KeyMetadata } = await admin.send(new CreateKeyCommand(input));
  return KeyMetadata?.KeyId ?? '';
}
const describeKey = async (KeyId: string) =>
  (await admin.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;

/** Moves the endpoint's clock, and the client's with it: a signature must be young. */
function later(milliseconds: number): void {
  aheadMs += milliseconds;
  admin.destroy();
  admin = new KMSClient({ ...kms.clientSettings.admin, maxAttempts: 1, systemClockOffset: aheadMs });
}

describe('a key', () => {
  test('is described by id, ARN and alias', async () => {
    const KeyId = await createKey({ Description: 'cards', Tags: [{ TagKey: 'vault', TagValue: 'acme' }] });
    await admin.send(new CreateAliasCommand({ AliasName: 'alias/described', TargetKeyId: KeyId }));
    const Arn = `arn:aws:kms:eu-central-1:000000000000:key/${KeyId}`;
    const byId = await describeKey(KeyId);
    expect(byId).toMatchObject({
      ...{ KeyId, Arn, AWSAccountId: '000000000000', Description: 'cards', Enabled: true },
      ...{ KeyState: 'Enabled', KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT' },
    });
    expect(byId?.CreationDate).toBeInstanceOf(Date);
    expect(await describeKey(Arn)).toEqual(byId);
    expect(await describeKey('alias/described')).toEqual(byId);
    expect(await describeKey('arn:aws:kms:eu-central-1:000000000000:alias/described')).toEqual(byId);
  });

  test('that does not exist is NotFoundException, in every form of its name', async () => {
    for (const KeyId of [
      '2b1c8d5e-0000-4000-8000-000000000000',
      'alias/none',
      '__proto__',
      'alias/__proto__',
    ])
      await expect(describeKey(KeyId)).rejects.toMatchObject({ name: 'NotFoundException' });
  });

  test('of a kind that is not here is refused', async () => {
    await expect(createKey({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })).rejects.toMatchObject({
      name: 'ValidationException',
    });
    await expect(createKey({ KeySpec: 'HMAC_512', KeyUsage: 'GENERATE_VERIFY_MAC' })).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
    });
    await expect(createKey({ KeySpec: 'HMAC_256' })).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('is listed, page by page', async () => {
    const made = new Set([await createKey(), await createKey(), await createKey()]);
    const listed: string[] = [];
    let pages = 0;
    for await (const page of paginateListKeys({ client: admin, pageSize: 2 }, {})) {
      pages += 1;
      expect(page.Keys?.length).toBeLessThanOrEqual(2);
      listed.push(...(page.Keys ?? []).map((key) => key.KeyId ?? ''));
    }
    expect(pages).toBeGreaterThan(1);
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed).toEqual(expect.arrayContaining([...made]));
    await expect(admin.send(new ListKeysCommand({ Marker: 'nonsense' }))).rejects.toMatchObject({
      name: 'InvalidMarkerException',
    });
  });

  test('changes its description', async () => {
    const KeyId = await createKey();
    await admin.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'other' }));
    expect(await describeKey(KeyId)).toMatchObject({ Description: 'other' });
  });

  test('is of no use while disabled, and works again once enabled', async () => {
    const KeyId = await createKey();
    const encrypt = () => admin.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }));
    const { CiphertextBlob } = await encrypt();
    await admin.send(new DisableKeyCommand({ KeyId }));
    expect(await describeKey(KeyId)).toMatchObject({ Enabled: false, KeyState: 'Disabled' });
    await expect(encrypt()).rejects.toMatchObject({ name: 'DisabledException' });
    await expect(admin.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({
      name: 'DisabledException',
    });
    await admin.send(new EnableKeyCommand({ KeyId }));
    expect((await admin.send(new DecryptCommand({ CiphertextBlob }))).Plaintext).toEqual(
      new Uint8Array(Buffer.from('x')),
    );
  });

  test('that is to be deleted can be saved, and then is disabled', async () => {
    const KeyId = await createKey();
    const scheduled = await admin.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    expect(scheduled).toMatchObject({ KeyState: 'PendingDeletion', PendingWindowInDays: 7 });
    await expect(
      admin.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })),
    ).rejects.toMatchObject({
      name: 'KMSInvalidStateException',
    });
    await expect(admin.send(new EnableKeyCommand({ KeyId }))).rejects.toMatchObject({
      name: 'KMSInvalidStateException',
    });
    await admin.send(new CancelKeyDeletionCommand({ KeyId }));
    expect(await describeKey(KeyId)).toMatchObject({ KeyState: 'Disabled' });
    await expect(admin.send(new CancelKeyDeletionCommand({ KeyId }))).rejects.toMatchObject({
      name: 'KMSInvalidStateException',
    });
    await expect(
      admin.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 3 })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('is gone with its aliases when its window has passed', async () => {
    const KeyId = await createKey();
    await admin.send(new CreateAliasCommand({ AliasName: 'alias/doomed', TargetKeyId: KeyId }));
    await admin.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    later(7 * DAY_MS);
    await expect(describeKey(KeyId)).rejects.toMatchObject({ name: 'NotFoundException' });
    await expect(describeKey('alias/doomed')).rejects.toMatchObject({ name: 'NotFoundException' });
  });

  test('keeps a policy and refuses one that is no policy', async () => {
    const KeyId = await createKey();
    const { Policy: given } = await admin.send(new GetKeyPolicyCommand({ KeyId }));
    expect(JSON.parse(given ?? '')).toMatchObject({ Statement: [{ Action: 'kms:*' }] });
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
    await admin.send(new PutKeyPolicyCommand({ KeyId, Policy }));
    expect((await admin.send(new GetKeyPolicyCommand({ KeyId }))).Policy).toBe(Policy);
    await expect(admin.send(new PutKeyPolicyCommand({ KeyId, Policy: '{' }))).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
    });
  });

  test('is kept where only its owner may read', () => {
    expect(statSync(join(kms.stateDirectory, 'kms.json')).mode & 0o777).toBe(0o600);
  });
});

describe('tags', () => {
  test('are added, replaced, removed and listed', async () => {
    const KeyId = await createKey({ Tags: [{ TagKey: 'vault', TagValue: 'acme' }] });
    const Tags = [
      { TagKey: 'vault', TagValue: 'globex' },
      { TagKey: 'team', TagValue: '' },
    ];
    await admin.send(new TagResourceCommand({ KeyId, Tags }));
    const list = async () => (await admin.send(new ListResourceTagsCommand({ KeyId }))).Tags;
    expect(await list()).toEqual([...Tags].reverse());
    await admin.send(new UntagResourceCommand({ KeyId, TagKeys: ['team', 'absent'] }));
    expect(await list()).toEqual([Tags[0]]);
  });

  test('are refused when reserved or repeated', async () => {
    for (const names of [['aws:x'], ['a', 'a']])
      await expect(
        createKey({ Tags: names.map((TagKey) => ({ TagKey, TagValue: '' })) }),
      ).rejects.toMatchObject({ name: 'TagException' });
  });
});

describe('an alias', () => {
  test('is made once, moved, listed by key and deleted', async () => {
    const [one, two] = [await createKey(), await createKey()];
    const AliasName = 'alias/cofferdam/acme';
    await admin.send(new CreateAliasCommand({ AliasName, TargetKeyId: one }));
    await expect(admin.send(new CreateAliasCommand({ AliasName, TargetKeyId: two }))).rejects.toMatchObject({
      name: 'AlreadyExistsException',
    });
    await admin.send(new UpdateAliasCommand({ AliasName, TargetKeyId: two }));
    const listed = async (KeyId: string) =>
      (await admin.send(new ListAliasesCommand({ KeyId }))).Aliases?.map((alias) => alias.AliasName);
    expect([await listed(one), await listed(two)]).toEqual([[], [AliasName]]);
    expect(await describeKey(AliasName)).toMatchObject({ KeyId: two });
    await admin.send(new DeleteAliasCommand({ AliasName }));
    await expect(admin.send(new DeleteAliasCommand({ AliasName }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  test('has a name of the right form', async () => {
    const TargetKeyId = await createKey();
    for (const AliasName of ['alias/aws/x', 'no-prefix', 'alias/a b'])
      await expect(admin.send(new CreateAliasCommand({ AliasName, TargetKeyId }))).rejects.toMatchObject({
        name: 'InvalidAliasNameException',
      });
  });

  test('does not stand for a key where AWS wants the key itself', async () => {
    const KeyId = await createKey();
    await admin.send(new CreateAliasCommand({ AliasName: 'alias/only', TargetKeyId: KeyId }));
    await expect(admin.send(new DisableKeyCommand({ KeyId: 'alias/only' }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });
});

describe('rotation', () => {
  test('is enabled with a period, told, and disabled', async () => {
    const KeyId = await createKey();
    const status = () => admin.send(new GetKeyRotationStatusCommand({ KeyId }));
    expect(await status()).toMatchObject({ KeyRotationEnabled: false });
    await admin.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
    expect(await status()).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
    await admin.send(new DisableKeyRotationCommand({ KeyId }));
    expect(await status()).toMatchObject({ KeyRotationEnabled: false });
    await expect(
      admin.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 30 })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('on demand and by time leaves old ciphertexts readable and makes new ones with new material', async () => {
    const KeyId = await createKey();
    const encrypt = async () =>
      (await admin.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('kept') }))).CiphertextBlob;
    const first = await encrypt();
    await admin.send(new RotateKeyOnDemandCommand({ KeyId }));
    const second = await encrypt();
    await admin.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
    later(91 * DAY_MS);
    const third = await encrypt();
    const versions = [first, second, third].map((blob) => Buffer.from(blob ?? []).readUInt32BE(17));
    expect(versions).toEqual([1, 2, 3]);
    for (const CiphertextBlob of [first, second, third]) {
      const { Plaintext } = await admin.send(new DecryptCommand({ CiphertextBlob }));
      expect(Buffer.from(Plaintext ?? []).toString()).toBe('kept');
    }
  });

  test('is not for HMAC keys', async () => {
    const KeyId = await createKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    await expect(admin.send(new EnableKeyRotationCommand({ KeyId }))).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
    });
  });
});
