import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GetKeyRotationStatusCommand,
  type KMSClient,
  ListGrantsCommand,
  ReEncryptCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsKeyManagement } from '../../src/effects/kms-aws.ts';
import { VAULT_ID_TAG } from '../../src/effects/kms-keys.ts';
import { GRANTEE } from '../fixtures.ts';
import { type KmsWorld, planOf, startKmsWorld } from './kms-world.ts';

let world: KmsWorld;
beforeAll(async () => {
  world = await startKmsWorld();
});
afterAll(() => world.stop());

const keys = () => awsKeyManagement(() => world.operator);
async function supply(vaultId: string): Promise<string> {
  const Tags = [{ TagKey: VAULT_ID_TAG, TagValue: vaultId }];
  return (await world.admin.send(new CreateKeyCommand({ Tags }))).KeyMetadata?.Arn ?? '';
}
async function revokeAll(KeyId: string): Promise<void> {
  const { Grants = [] } = await world.admin.send(new ListGrantsCommand({ KeyId }));
  for (const { GrantId } of Grants) await world.admin.send(new RevokeGrantCommand({ KeyId, GrantId }));
}
const rotates = async (KeyId: string) =>
  (await world.admin.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled;
const dataKey = (KeyId: string, vaultId: string, client: KMSClient) =>
  client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: { vaultId } }));

test('rotation of a supplied key is reported, and left as it is', async () => {
  const supplied = await supply('byok');
  expect(await keys().ensure(planOf('byok', { key: { supplied } }))).toMatchObject({
    keyArn: supplied,
    rotation: 'Off',
  });
  expect(await rotates(supplied)).toBe(false);
});

test('what somebody undid on a created key is done again, and said once', async () => {
  const { keyArn = '' } = await keys().ensure(planOf('undone'));
  const bound = { keyArn, origin: 'Created', granted: true } as const;
  const plan = planOf('undone', { bound });
  await world.admin.send(new DisableKeyRotationCommand({ KeyId: keyArn }));
  await revokeAll(keyArn);
  const outcome = await keys().ensure(plan);
  expect(outcome.repaired?.map(({ reason }) => reason)).toEqual(['KeyRotationOff', 'GrantMissing']);
  expect(await rotates(keyArn)).toBe(true);
  expect(await world.grantees(keyArn)).toEqual([GRANTEE]);
  expect((await keys().ensure(plan)).repaired).toBeUndefined();
});

test('a first grant, and one for another role, are no repair', async () => {
  const supplied = await supply('granted');
  const plan = planOf('granted', { key: { supplied } });
  const { grantee: _, ...ungranted } = plan;
  const { keyArn = '' } = await keys().ensure(ungranted);
  const bound = { keyArn, origin: 'Supplied', granted: false } as const;
  expect((await keys().ensure({ ...plan, bound })).repaired).toBeUndefined();
  const other = 'arn:aws:iam::000000000000:role/another-vault';
  const otherPlan = { ...plan, bound: { ...bound, granted: true }, grantee: other };
  const moving = await keys().ensure({ ...otherPlan, rolesOfBefore: true });
  expect(moving.repaired).toBeUndefined();
  expect((await world.grantees(keyArn)).toSorted()).toEqual([GRANTEE, other].toSorted());
  const moved = await keys().ensure(otherPlan);
  expect(moved.repaired).toBeUndefined();
  expect(await world.grantees(keyArn)).toEqual([other]);
});

test('a grant that was widened is replaced by one with our operations and encryption context', async () => {
  const { keyArn = '' } = await keys().ensure(planOf('wide'));
  await revokeAll(keyArn);
  await world.admin.send(
    new CreateGrantCommand({
      KeyId: keyArn,
      GranteePrincipal: GRANTEE,
      Operations: ['Decrypt', 'GenerateDataKey'],
      Name: 'cofferdam-wide',
    }),
  );
  await dataKey(keyArn, 'another', world.vault);
  await keys().ensure(planOf('wide'));
  await dataKey(keyArn, 'wide', world.vault);
  await expect(dataKey(keyArn, 'another', world.vault)).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
});

test('a key loses its vault with its tag', async () => {
  const { keyArn } = await keys().ensure(planOf('untagged'));
  await world.admin.send(new UntagResourceCommand({ KeyId: keyArn, TagKeys: [VAULT_ID_TAG] }));
  expect(await keys().ensure(planOf('untagged'))).toMatchObject({ problem: { reason: 'KeyNotOurs' } });
});

test('a vault that moves to another key keeps the use of the one before, also for another role, until it retires', async () => {
  const { keyArn: first = '' } = await keys().ensure(planOf('moving'));
  const second = await supply('moving');
  const bound = { keyArn: first, origin: 'Created', granted: true } as const;
  const moved = planOf('moving', { key: { supplied: second }, bound });
  expect(await keys().ensure(moved)).toMatchObject({ keyArn: second, origin: 'Supplied' });
  expect(await world.grantees(first)).toEqual([GRANTEE]);

  const settled = planOf('moving', {
    key: { supplied: second },
    bound: { keyArn: second, origin: 'Supplied', granted: true },
    previousKeyArns: [first],
  });
  await revokeAll(first);
  const repaired = await keys().ensure(settled);
  expect(repaired.repaired?.map(({ message }) => message)).toEqual([expect.stringContaining(first)]);
  const other = 'arn:aws:iam::000000000000:role/another-vault';
  await keys().ensure({ ...settled, grantee: other });
  expect([await world.grantees(first), await world.grantees(second)]).toEqual([[other], [other]]);

  await keys().retire(settled, first);
  expect([await world.grantees(first), await world.grantees(second)]).toEqual([[], [other]]);
  expect(await world.state(first)).toBe('Enabled');
  await keys().ensure(planOf('moving', { key: { supplied: second } }));
  expect(await world.grantees(first)).toEqual([]);
});

test('a key that another cluster has under the same vaultId is not taken: neither grant is touched', async () => {
  const { keyArn = '' } = await keys().ensure(planOf('twice'));
  const elsewhere = planOf('twice', { grantee: 'arn:aws:iam::000000000000:role/of-another-cluster' });
  const outcome = await keys().ensure(elsewhere);
  expect(outcome).toMatchObject({ problem: { reason: 'KeyHeldElsewhere' } });
  expect(outcome.keyArn).toBeUndefined();
  expect(await world.grantees(keyArn)).toEqual([GRANTEE]);
  await keys().release(elsewhere, 'Delete');
  expect([await world.grantees(keyArn), await world.state(keyArn)]).toEqual([[GRANTEE], 'Enabled']);
  // Released in order, it leaves no grant, and can be taken up with another role.
  await keys().release(planOf('twice'), 'Retain');
  expect((await keys().ensure(elsewhere)).problem).toBeUndefined();
});

test('a grant that bears our own mark is ours, also when the resource that had it is forgotten', async () => {
  const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
  const before = planOf('again', { grantee: role('before'), grantMark: 'installation/payments' });
  const { keyArn = '' } = await keys().ensure(before);
  // Made again after a forced deletion, with another role: no status names the key.
  const again = { ...before, grantee: role('after') };
  for (const grantMark of ['other-installation/payments', 'installation/other']) {
    const outcome = await keys().ensure({ ...again, grantMark });
    expect(outcome).toMatchObject({ problem: { reason: 'KeyHeldElsewhere' } });
    await keys().release({ ...again, grantMark }, 'Delete');
  }
  expect([await world.grantees(keyArn), await world.state(keyArn)]).toEqual([[role('before')], 'Enabled']);
  expect(await keys().ensure(again)).toMatchObject({ keyArn, origin: 'Created' });
  expect(await world.grantees(keyArn)).toEqual([role('after')]);
  await keys().release({ ...again, grantee: role('third') }, 'Retain');
  expect(await world.grantees(keyArn)).toEqual([]);
});

test('a grant of a release that marked none stays as it is, and goes with the vault', async () => {
  const { keyArn = '', grantId } = await keys().ensure(planOf('unmarked'));
  const marked = planOf('unmarked', {
    grantMark: 'installation/payments',
    bound: { keyArn, origin: 'Created', granted: true },
  });
  expect((await keys().ensure(marked)).grantId).toBe(grantId);
  await keys().release(marked, 'Retain');
  expect(await world.grantees(keyArn)).toEqual([]);
});

test('a previous key that cannot be used is a problem, and the new one stays bound', async () => {
  const [first, second] = [await supply('half'), await supply('half')];
  await world.admin.send(new DisableKeyCommand({ KeyId: first }));
  const plan = planOf('half', { key: { supplied: second }, previousKeyArns: [first] });
  const outcome = await keys().ensure(plan);
  expect(outcome).toMatchObject({ keyArn: second, problem: { reason: 'KeyDisabled' } });
  expect(outcome.problem?.message).toContain(first);
  expect(await world.grantees(second)).toEqual([GRANTEE]);
});

test("a status that names another vault's key as a previous one opens nothing", async () => {
  const { keyArn: victim = '' } = await keys().ensure(planOf('victim'));
  const plan = planOf('thief', {
    previousKeyArns: [victim],
    grantee: 'arn:aws:iam::000000000000:role/thief',
  });
  expect(await keys().ensure(plan)).toMatchObject({ problem: { reason: 'KeyNotOurs' } });
  await keys().retire(plan, victim);
  await keys().release(plan, 'Delete');
  expect(await world.grantees(victim)).toEqual([GRANTEE]);
  expect(await world.state(victim)).toBe('Enabled');
});

test('release() takes back the grants on all keys, and with Delete schedules the created one that was left', async () => {
  const { keyArn: created = '' } = await keys().ensure(planOf('all'));
  const [before, now] = [await supply('all'), await supply('all')];
  const plan = planOf('all', { key: { supplied: now }, previousKeyArns: [created, before] });
  await keys().ensure(plan);
  await keys().release(plan, 'Delete');
  expect(await Promise.all([created, before, now].map((arn) => world.grantees(arn)))).toEqual([[], [], []]);
  expect(await Promise.all([created, before, now].map((arn) => world.state(arn)))).toEqual([
    'PendingDeletion',
    'Enabled',
    'Enabled',
  ]);
});

test('release() takes back the grant also on a key that somebody scheduled for deletion, and waits for nothing', async () => {
  const { keyArn = '' } = await keys().ensure(planOf('doomed'));
  await world.admin.send(new ScheduleKeyDeletionCommand({ KeyId: keyArn, PendingWindowInDays: 30 }));
  await keys().release(planOf('doomed'), 'Delete');
  expect(await world.grantees(keyArn)).toEqual([]);
});

test('release() asks before every call whether it still leads', async () => {
  const { keyArn = '' } = await keys().ensure(planOf('deposed'));
  for (let allowed = 0; ; allowed++) {
    let asked = 0;
    const before = world.kms.calls.length;
    const released = keys().release(planOf('deposed'), 'Delete', () => {
      asked += 1;
      if (asked > allowed) throw new Error('not leading');
    });
    const stopped = await released.then(
      () => false,
      () => true,
    );
    expect(world.kms.calls.length - before).toBe(stopped ? allowed : asked);
    if (!stopped) break;
  }
  expect(await world.state(keyArn)).toBe('PendingDeletion');
});

test("the operator's credentials can use no key in any way, nor be granted it", async () => {
  const { keyArn = '' } = await keys().ensure(planOf('sealed'));
  const EncryptionContext = { vaultId: 'sealed' };
  const { CiphertextBlob } = await dataKey(keyArn, 'sealed', world.vault);
  const Plaintext = Buffer.from('x');
  const { operator } = world;
  const attempts = {
    Encrypt: () => operator.send(new EncryptCommand({ KeyId: keyArn, Plaintext, EncryptionContext })),
    Decrypt: () => operator.send(new DecryptCommand({ CiphertextBlob, EncryptionContext })),
    GenerateDataKey: () => dataKey(keyArn, 'sealed', operator),
    GenerateDataKeyWithoutPlaintext: () =>
      operator.send(
        new GenerateDataKeyWithoutPlaintextCommand({ KeyId: keyArn, KeySpec: 'AES_256', EncryptionContext }),
      ),
    ReEncrypt: () =>
      operator.send(
        new ReEncryptCommand({
          CiphertextBlob,
          DestinationKeyId: keyArn,
          SourceEncryptionContext: EncryptionContext,
          DestinationEncryptionContext: EncryptionContext,
        }),
      ),
    CreateGrant: () =>
      operator.send(
        new CreateGrantCommand({
          KeyId: keyArn,
          GranteePrincipal: 'arn:aws:iam::000000000000:role/cofferdam-operator',
          Operations: ['Decrypt'],
        }),
      ),
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    await expect(attempt(), name).rejects.toMatchObject({ name: 'AccessDeniedException' });
  }
});
