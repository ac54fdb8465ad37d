import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GenerateDataKeyCommand,
  ListGrantsCommand,
  ReEncryptCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeyReference } from '../../src/desired/key.ts';
import type { MerchantKeyPlan } from '../../src/desired/merchant-keys.ts';
import { awsKeyManagement, type KmsSender } from '../../src/effects/kms-aws.ts';
import { VAULT_ID_TAG } from '../../src/effects/kms-keys.ts';
import { GRANTEE } from '../fixtures.ts';
import { type KmsWorld, planOf, startKmsWorld } from './kms-world.ts';

let world: KmsWorld;
beforeAll(async () => {
  world = await startKmsWorld();
});
afterAll(() => world.stop());

const keys = () => awsKeyManagement(() => world.operator);
async function supply(vaultId?: string): Promise<string> {
  const Tags = vaultId === undefined ? [] : [{ TagKey: VAULT_ID_TAG, TagValue: vaultId }];
  return (await world.admin.send(new CreateKeyCommand({ Tags }))).KeyMetadata?.Arn ?? '';
}
const planned = (vaultId: string, merchantKeys: MerchantKeyPlan[]) => planOf(vaultId, { merchantKeys });
const dataKey = (KeyId: string, EncryptionContext: Record<string, string>) =>
  world.vault.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }));
const refused = { name: 'AccessDeniedException' };

test("a merchant's key is granted for that merchant alone, and data keys come under it inside KMS", async () => {
  const keyArn = await supply('own');
  const outcome = await keys().ensure(planned('own', [{ merchant: 'acme', keyArn }]));
  const grantId = expect.any(String);
  expect(outcome.merchantKeys).toEqual([{ merchant: 'acme', keyArn, grantId, rotation: 'Off' }]);
  expect(await world.grantees(keyArn)).toEqual([GRANTEE]);

  const context = { vaultId: 'own', merchant: 'acme', purpose: 'record' };
  await dataKey(keyArn, context);
  for (const wrong of [{ merchant: 'globex' }, { vaultId: 'another' }]) {
    await expect(dataKey(keyArn, { ...context, ...wrong })).rejects.toMatchObject(refused);
  }
  const { CiphertextBlob } = await dataKey(outcome.keyArn ?? '', context);
  const moved = new ReEncryptCommand({
    CiphertextBlob,
    ...{ SourceKeyId: outcome.keyArn, SourceEncryptionContext: context },
    ...{ DestinationKeyId: keyArn, DestinationEncryptionContext: context },
  });
  expect((await world.vault.send(moved)).KeyId).toBe(keyArn);
  const writes = world.writes();
  await keys().ensure(planned('own', [{ merchant: 'acme', keyArn, held: true }]));
  expect(world.writes()).toBe(writes);
});

test('what is wrong with one key is said of that one, and the others are bound', async () => {
  const [fine, untagged, disabled] = [await supply('some'), await supply(), await supply('some')];
  await world.admin.send(new DisableKeyCommand({ KeyId: disabled }));
  const gone = fine.replace(/[^/]+$/, '00000000-0000-0000-0000-000000000000');
  const { keyArn, problem, merchantKeys } = await keys().ensure(
    planned(
      'some',
      Object.entries({ untagged, disabled, gone, fine }).map(([merchant, arn]) => ({
        merchant,
        keyArn: arn,
      })),
    ),
  );
  expect([typeof keyArn, problem]).toEqual(['string', undefined]);
  expect(merchantKeys?.map((key) => [key.merchant, key.problem?.reason])).toEqual([
    ['untagged', 'KeyNotOurs'],
    ['disabled', 'KeyDisabled'],
    ['gone', 'KeyNotFound'],
    ['fine', undefined],
  ]);
  expect([await world.grantees(untagged), await world.grantees(disabled)]).toEqual([[], []]);
  expect(await world.state(disabled)).toBe('Disabled');
  const plan = planned('some', [{ merchant: 'disabled', keyArn: disabled }]);
  expect(await keys().isUsable(plan, keyArn ?? '')).toBe(false);
  await world.admin.send(new EnableKeyCommand({ KeyId: disabled }));
  expect(await keys().isUsable(plan, keyArn ?? '')).toBe(true);
});

test('a grant that is gone is made again and told; one on a key that lost its tag is taken back by our mark', async () => {
  const keyArn = await supply('marked');
  const grantMark = 'installation/payments';
  const first = { ...planned('marked', [{ merchant: 'acme', keyArn }]), grantMark };
  await keys().ensure(first);
  const place: KeyReference = {
    vaultId: 'marked',
    region: 'eu-central-1',
    key: { created: { rotationDays: 365, deletionWindowDays: 7 } },
    previousKeyArns: [],
    merchantKeyArns: [keyArn],
    grantMark,
    held: true,
  };
  await keys().retire(place, keyArn);
  expect(await world.grantees(keyArn)).toEqual([]);
  const held = [{ merchant: 'acme', keyArn, held: true, grantId: 'gone' } as const];
  const again = await keys().ensure({ ...first, merchantKeys: held });
  expect(again.repaired).toEqual([
    { reason: 'GrantMissing', message: expect.stringContaining('merchant acme') },
  ]);
  const { Grants } = await world.admin.send(new ListGrantsCommand({ KeyId: keyArn }));
  expect(Grants?.[0]?.Constraints).toEqual({
    EncryptionContextSubset: { vaultId: 'marked', merchant: 'acme' },
  });

  await world.admin.send(new UntagResourceCommand({ KeyId: keyArn, TagKeys: [VAULT_ID_TAG] }));
  await keys().release(place, 'Retain');
  expect(await world.grantees(keyArn)).toEqual([]);
  expect(await world.state(keyArn)).toBe('Enabled');
});

test("another cluster's grant on a merchant's key stays: it is not ours to take back", async () => {
  const keyArn = await supply('shared');
  const first = { ...planned('shared', [{ merchant: 'acme', keyArn }]), grantMark: 'first/payments' };
  await keys().ensure(first);
  const second = {
    ...first,
    key: { supplied: await supply('shared') },
    grantee: 'arn:aws:iam::000000000000:role/of-another-cluster',
    grantMark: 'second/payments',
  };
  const { problem, merchantKeys } = await keys().ensure(second);
  expect([problem, merchantKeys?.[0]?.problem?.reason]).toEqual([undefined, 'KeyHeldElsewhere']);

  const place: KeyReference = { ...second, merchantKeyArns: [keyArn] };
  await keys().retire(place, keyArn);
  expect(await world.grantees(keyArn)).toEqual([GRANTEE]);
  await keys().release({ ...place, held: true }, 'Retain');
  expect(await world.grantees(keyArn)).toEqual([GRANTEE]);
});

test("a merchant's key that may not be looked at any more keeps nothing else from its end", async () => {
  const [closed, open] = [await supply('closed'), await supply('closed')];
  const plan = planned('closed', [
    { merchant: 'acme', keyArn: closed },
    { merchant: 'globex', keyArn: open },
  ]);
  const { keyArn } = await keys().ensure(plan);
  const denied = Object.assign(new Error('not allowed'), { name: 'AccessDeniedException' });
  type Command = { input: { KeyId?: string } };
  const send = (command: Command, ...rest: unknown[]) =>
    command.input.KeyId === closed
      ? Promise.reject(denied)
      : (world.operator.send as (...all: unknown[]) => unknown).call(world.operator, command, ...rest);
  const shut = awsKeyManagement(() => ({ send }) as unknown as KmsSender);
  const reference: KeyReference = { ...plan, merchantKeyArns: [closed, open], held: true };
  await expect(shut.release(reference, 'Delete')).rejects.toBe(denied);
  expect([await world.state(keyArn), await world.grantees(open)]).toEqual(['PendingDeletion', []]);
});
