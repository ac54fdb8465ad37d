import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListGrantsCommand,
  ListKeysCommand,
} from '@aws-sdk/client-kms';
import { startTestKms, type TestKms } from '@cofferdam/devcluster/addons';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeyPlan } from '../../src/desired/key.ts';
import { awsKeyManagement, type KmsSender } from '../../src/effects/kms-aws.ts';
import { CREATED_TAG, VAULT_ID_TAG } from '../../src/effects/kms-keys.ts';
import { KubeError } from '../../src/engine/index.ts';
import { GRANTEE } from '../fixtures.ts';

let kms: TestKms;
let operator: KMSClient;
let admin: KMSClient;
let vault: KMSClient;
beforeAll(async () => {
  kms = await startTestKms();
  operator = new KMSClient(kms.clientSettings.operator);
  admin = new KMSClient(kms.clientSettings.admin);
  vault = new KMSClient(kms.clientSettings.vault);
});
afterAll(() => kms.stop());

const planOf = (
  vaultId: string,
  key: KeyPlan['key'] = { created: { rotationDays: 365, deletionWindowDays: 7 } },
): KeyPlan => ({
  vaultId,
  region: 'eu-central-1',
  key,
  grantee: GRANTEE,
  previousKeyArns: [],
});
const keys = (sender: KmsSender = operator) => awsKeyManagement(() => sender);
const keyCount = async () => (await admin.send(new ListKeysCommand({}))).Keys?.length ?? 0;
/** Calls that change something. */
const writes = () =>
  kms.calls.filter(
    ({ operation, result }) => result === 'ok' && /^(Create|Enable|Schedule|Delete|Revoke)/.test(operation),
  ).length;

test('ensure() makes a tagged, rotating key with a grant, claims it by alias, and then changes nothing more', async () => {
  const outcome = await keys().ensure(planOf('fresh'));
  expect(outcome).toEqual({
    keyArn: expect.stringMatching(/^arn:aws:kms:eu-central-1:000000000000:key\//),
    origin: 'Created',
    alias: 'alias/cofferdam-fresh',
    grantId: expect.any(String),
    rotation: 'On',
  });
  const rotation = await admin.send(new GetKeyRotationStatusCommand({ KeyId: outcome.keyArn }));
  expect([rotation.KeyRotationEnabled, rotation.RotationPeriodInDays]).toEqual([true, 365]);
  const before = writes();
  expect(await keys().ensure(planOf('fresh'))).toEqual(outcome);
  expect(writes()).toBe(before);
});

test("the vault's role can use the key for its vaultId only, and the operator's role not at all", async () => {
  const { keyArn } = await keys().ensure(planOf('mine'));
  const dataKey = (client: KMSClient, vaultId: string) =>
    client.send(
      new GenerateDataKeyCommand({
        KeyId: keyArn,
        KeySpec: 'AES_256',
        EncryptionContext: { vaultId, merchant: 'acme' },
      }),
    );
  const { CiphertextBlob } = await dataKey(vault, 'mine');
  await expect(dataKey(vault, 'other')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await expect(dataKey(operator, 'mine')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  const decrypt = new DecryptCommand({
    CiphertextBlob,
    EncryptionContext: { vaultId: 'mine', merchant: 'acme' },
  });
  await expect(operator.send(decrypt)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  const encrypt = new EncryptCommand({
    KeyId: keyArn,
    Plaintext: new Uint8Array(1),
    EncryptionContext: { vaultId: 'mine' },
  });
  await expect(operator.send(encrypt)).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

test('a supplied key is used only when its tag names this vaultId', async () => {
  const create = (value: string) =>
    admin.send(new CreateKeyCommand({ Tags: [{ TagKey: VAULT_ID_TAG, TagValue: value }] }));
  const foreign = (await create('somebody-else')).KeyMetadata?.Arn ?? '';
  expect(await keys().ensure(planOf('tenant', { supplied: foreign }))).toEqual({
    problem: {
      reason: 'KeyNotOurs',
      message: `key ${foreign} does not have the tag ${VAULT_ID_TAG}=tenant, so it is not used: tag it`,
    },
  });
  expect((await admin.send(new ListGrantsCommand({ KeyId: foreign }))).Grants).toEqual([]);
  const own = (await create('tenant')).KeyMetadata?.Arn ?? '';
  expect(await keys().ensure(planOf('tenant', { supplied: own }))).toMatchObject({
    keyArn: own,
    origin: 'Supplied',
  });
});

test('a disabled, a missing and an unsuitable key say so, and an enabled one heals', async () => {
  const { keyArn } = await keys().ensure(planOf('sick'));
  await admin.send(new DisableKeyCommand({ KeyId: keyArn }));
  expect(await keys().ensure(planOf('sick'))).toMatchObject({ keyArn, problem: { reason: 'KeyDisabled' } });
  await admin.send(new EnableKeyCommand({ KeyId: keyArn }));
  expect((await keys().ensure(planOf('sick'))).problem).toBeUndefined();

  const missing = { supplied: '11111111-2222-3333-4444-555555555555' };
  expect(await keys().ensure(planOf('sick', missing))).toMatchObject({ problem: { reason: 'KeyNotFound' } });
  const mac = await admin.send(
    new CreateKeyCommand({
      KeySpec: 'HMAC_256',
      KeyUsage: 'GENERATE_VERIFY_MAC',
      Tags: [{ TagKey: VAULT_ID_TAG, TagValue: 'sick' }],
    }),
  );
  expect(await keys().ensure(planOf('sick', { supplied: mac.KeyMetadata?.Arn ?? '' }))).toMatchObject({
    problem: { reason: 'KeyUnsuitable' },
  });
});

test('a KMS that does not answer is a problem in the outcome, not an exception', async () => {
  const nobody = new KMSClient({
    ...kms.clientSettings.operator,
    endpoint: 'http://127.0.0.1:1',
    maxAttempts: 1,
  });
  expect(await keys(nobody).ensure(planOf('fresh'))).toMatchObject({ problem: { reason: 'KmsUnreachable' } });
});

test('a change of role makes a new grant before it takes the old one back', async () => {
  const first = await keys().ensure(planOf('moving'));
  const other = 'arn:aws:iam::000000000000:role/another-vault';
  const bound = { keyArn: first.keyArn ?? '', origin: 'Created', granted: true } as const;
  const second = await keys().ensure({ ...planOf('moving'), bound, grantee: other });
  expect(second.keyArn).toBe(first.keyArn);
  const { Grants = [] } = await admin.send(new ListGrantsCommand({ KeyId: first.keyArn }));
  expect(Grants.map(({ GranteePrincipal }) => GranteePrincipal)).toEqual([other]);
});

test('a key whose alias was removed by hand is claimed again, not replaced', async () => {
  const { keyArn } = await keys().ensure(planOf('unnamed'));
  await admin.send(new DeleteAliasCommand({ AliasName: 'alias/cofferdam-unnamed' }));
  expect((await keys().ensure(planOf('unnamed'))).keyArn).toBe(keyArn);
});

test('an alias that somebody pointed at a key without our tag is not trusted', async () => {
  const foreign = (await admin.send(new CreateKeyCommand({}))).KeyMetadata?.Arn;
  await admin.send(new CreateAliasCommand({ AliasName: 'alias/cofferdam-hijacked', TargetKeyId: foreign }));
  expect(await keys().ensure(planOf('hijacked'))).toMatchObject({ problem: { reason: 'KeyNotOurs' } });
  await keys().release(planOf('hijacked'), 'Delete');
  expect((await admin.send(new DescribeKeyCommand({ KeyId: foreign }))).KeyMetadata?.KeyState).toBe(
    'Enabled',
  );
});

test('release() with Retain takes back the grant and keeps the key; with Delete it schedules it, and can be repeated', async () => {
  const plan = planOf('leaving');
  const { keyArn } = await keys().ensure(plan);
  await keys().release(plan, 'Retain');
  const state = async () =>
    (await admin.send(new DescribeKeyCommand({ KeyId: keyArn }))).KeyMetadata?.KeyState;
  expect(await state()).toBe('Enabled');
  expect((await admin.send(new ListGrantsCommand({ KeyId: keyArn }))).Grants).toEqual([]);
  expect((await keys().ensure(plan)).keyArn).toBe(keyArn);

  await keys().release(plan, 'Delete');
  await keys().release(plan, 'Delete');
  expect(await state()).toBe('PendingDeletion');
});

test("an alias that somebody pointed at another vault's key lets nobody use or delete that key", async () => {
  const { keyArn } = await keys().ensure(planOf('victim'));
  await admin.send(new CreateAliasCommand({ AliasName: 'alias/cofferdam-thief', TargetKeyId: keyArn }));
  expect(await keys().ensure(planOf('thief'))).toMatchObject({ problem: { reason: 'KeyNotOurs' } });
  await keys().release(planOf('thief'), 'Delete');
  expect((await admin.send(new DescribeKeyCommand({ KeyId: keyArn }))).KeyMetadata?.KeyState).toBe('Enabled');
  expect((await admin.send(new ListGrantsCommand({ KeyId: keyArn }))).Grants).toHaveLength(1);
});

test('release() with Delete never touches a supplied key, were it one that we once made', async () => {
  const tags = [
    { TagKey: VAULT_ID_TAG, TagValue: 'guest' },
    { TagKey: CREATED_TAG, TagValue: 'cofferdam-operator' },
  ];
  const supplied = (await admin.send(new CreateKeyCommand({ Tags: tags }))).KeyMetadata?.Arn ?? '';
  const plan = planOf('guest', { supplied });
  await keys().ensure(plan);
  await keys().release(plan, 'Delete');
  expect((await admin.send(new DescribeKeyCommand({ KeyId: supplied }))).KeyMetadata?.KeyState).toBe(
    'Enabled',
  );
  expect((await admin.send(new ListGrantsCommand({ KeyId: supplied }))).Grants).toEqual([]);
});

test('after the lease is lost nothing more is sent to KMS', async () => {
  let calls = 0;
  const guard = () => {
    calls += 1;
    if (calls > 2) throw new KubeError('not_leading', 'not sent');
  };
  const before = await keyCount();
  await expect(keys().ensure(planOf('deposed'), guard)).rejects.toMatchObject({ code: 'not_leading' });
  expect(await keyCount()).toBe(before);
});

test('a name that no key can have is a key that KMS does not know', async () => {
  const sender = {
    send: () => Promise.reject(Object.assign(new Error('Invalid keyId'), { name: 'ValidationException' })),
  } as unknown as KmsSender;
  const outcome = await keys(sender).ensure(planOf('typo', { supplied: 'key-' }));
  expect(outcome.problem).toEqual({
    reason: 'KeyNotFound',
    message: 'KMS knows no key key- in eu-central-1: check spec.kms.keyId and the region',
  });
});
