import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsKeyManagement, type KmsSender } from '../../src/effects/kms-aws.ts';
import { CREATED_TAG, VAULT_ID_TAG } from '../../src/effects/kms-keys.ts';
import { GRANTEE } from '../fixtures.ts';
import { type Around, type KmsWorld, planOf, startKmsWorld } from './kms-world.ts';

let world: KmsWorld;
let aheadMs = 0;
beforeAll(async () => {
  world = await startKmsWorld({ now: () => Date.now() + aheadMs });
});
afterAll(() => world.stop());

const HOUR_MS = 3_600_000;
const keys = (sender: KmsSender = world.operator) => awsKeyManagement(() => sender);
const sweep = (vaultId: string, afterMs = 2 * HOUR_MS) =>
  keys().sweep(
    { region: 'eu-central-1' },
    { vaultIds: new Set([vaultId]), nowMs: Date.now() + aheadMs + afterMs },
  );

/** Dies with its n-th call, before or after it reaches KMS. */
function dyingAt(
  n: number,
  when: 'before' | 'after',
): { around: Around; calls: string[]; died: () => boolean } {
  const calls: string[] = [];
  let dead = false;
  const die = () => {
    dead = true;
    throw new Error('the process is gone');
  };
  return {
    calls,
    died: () => dead,
    async around(operation, pass) {
      if (dead) return die();
      calls.push(operation);
      if (calls.length === n && when === 'before') return die();
      const answer = await pass();
      return calls.length === n ? die() : answer;
    },
  };
}

test('stopped before or after any call that changes something and begun again, ensure() ends with one key, held, with one grant', async () => {
  const reference = dyingAt(Number.POSITIVE_INFINITY, 'after');
  await keys(world.around(reference.around)).ensure(planOf('reference'));
  const writes = reference.calls.filter((name) => /^(Create|Tag|Enable)/.test(name));
  expect(writes).toEqual(['CreateKey', 'CreateAlias', 'TagResource', 'EnableKeyRotation', 'CreateGrant']);
  for (const when of ['before', 'after'] as const) {
    for (const write of writes) {
      const vaultId = `crash-${when}-${write}`.toLowerCase();
      let died = false;
      const crashing = world.around(async (operation, pass) => {
        if (died) throw new Error('the process is gone');
        if (operation !== write) return pass();
        if (when === 'after') await pass();
        died = true;
        throw new Error('the process is gone');
      });
      await keys(crashing).ensure(planOf(vaultId));
      expect(died, vaultId).toBe(true);
      const outcome = await keys().ensure(planOf(vaultId));
      expect(outcome, vaultId).toMatchObject({ origin: 'Created', alias: `alias/cofferdam-${vaultId}` });
      expect(outcome.problem, vaultId).toBeUndefined();
      expect(await world.keysOf(vaultId), vaultId).toEqual(['Enabled held']);
      expect(await world.grantees(outcome.keyArn), vaultId).toEqual([GRANTEE]);
      const before = world.writes();
      expect(await keys().ensure(planOf(vaultId))).toEqual(outcome);
      expect(world.writes(), vaultId).toBe(before);
    }
  }
});

test('release() with Delete, stopped after any call and begun again, ends with the key scheduled and no grant', async () => {
  for (let n = 1; ; n++) {
    const vaultId = `leaving-${n}`;
    const { keyArn } = await keys().ensure(planOf(vaultId));
    const dying = dyingAt(n, 'after');
    await keys(world.around(dying.around))
      .release(planOf(vaultId), 'Delete')
      .catch(() => {});
    await keys().release(planOf(vaultId), 'Delete');
    expect(await world.keysOf(vaultId)).toEqual(['PendingDeletion held']);
    expect(await world.grantees(keyArn)).toEqual([]);
    await expect(world.state(`alias/cofferdam-${vaultId}`)).rejects.toThrow('does not exist');
    if (!dying.died()) return;
  }
});

test('who loses the race for the alias takes the other key, and has its own, unused one deleted', async () => {
  let raced = false;
  const slow = world.around(async (operation, pass) => {
    if (operation === 'CreateAlias' && !raced) {
      raced = true;
      // Another one makes a key, not seeing ours, and is quicker.
      const blind = world.around(async (name, go) => (name === 'ListKeys' ? { Keys: [] } : go()));
      await keys(blind).ensure(planOf('raced'));
    }
    return pass();
  });
  const outcome = await keys(slow).ensure(planOf('raced'));
  expect(await world.keysOf('raced')).toEqual(['Enabled held', 'PendingDeletion pending']);
  expect(await world.state(outcome.keyArn)).toBe('Enabled');
  expect((await keys().ensure(planOf('raced'))).keyArn).toBe(outcome.keyArn);
});

test('a key that KMS was slow to list is found by the sweep, an hour later, and deleted', async () => {
  const dies = dyingAt(Number.POSITIVE_INFINITY, 'after');
  const crashing = world.around(async (operation, pass) => {
    if (operation === 'CreateAlias') throw new Error('the process is gone');
    return dies.around(operation, pass);
  });
  await keys(crashing).ensure(planOf('slow'));
  const blind = world.around(async (name, go) => (name === 'ListKeys' ? { Keys: [] } : go()));
  const { keyArn } = await keys(blind).ensure(planOf('slow'));
  expect(await world.keysOf('slow')).toEqual(['Enabled held', 'Enabled pending']);

  expect(await sweep('somebody-else')).toEqual([]);
  expect(await sweep('slow', HOUR_MS / 2)).toEqual([]);
  expect(await sweep('slow')).toHaveLength(1);
  expect(await world.keysOf('slow')).toEqual(['Enabled held', 'PendingDeletion pending']);
  expect(await world.state(keyArn)).toBe('Enabled');
  expect(await sweep('slow')).toEqual([]);
});

test('of two unclaimed keys the one that may have been used is claimed; only a pending one is ever deleted', async () => {
  const { keyArn } = await keys().ensure(planOf('two'));
  await world.admin.send(new DeleteAliasCommand({ AliasName: 'alias/cofferdam-two' }));
  const tagged = (extra: Record<string, string>) =>
    world.operator.send(
      new CreateKeyCommand({
        Tags: Object.entries({ [VAULT_ID_TAG]: 'two', [CREATED_TAG]: 'cofferdam-operator', ...extra }).map(
          ([TagKey, TagValue]) => ({ TagKey, TagValue }),
        ),
      }),
    );
  await tagged({ 'payments.cofferdam.dev/claim': 'pending' });
  // Of a release that knew no such mark: nobody knows what is under it.
  await tagged({});
  expect((await keys().ensure(planOf('two'))).keyArn).toBe(keyArn);
  expect(await world.keysOf('two')).toEqual(['Enabled held', 'Enabled undefined', 'PendingDeletion pending']);
  expect(await sweep('two')).toEqual([]);
});

test('a held key whose alias somebody moved to another is not swept', async () => {
  const { keyArn } = await keys().ensure(planOf('moved'));
  const other = await world.admin.send(
    new CreateKeyCommand({ Tags: [{ TagKey: VAULT_ID_TAG, TagValue: 'moved' }] }),
  );
  await world.admin.send(
    new UpdateAliasCommand({
      AliasName: 'alias/cofferdam-moved',
      TargetKeyId: other.KeyMetadata?.KeyId,
    }),
  );
  expect(await sweep('moved')).toEqual([]);
  expect(await world.state(keyArn)).toBe('Enabled');
});

test('a key that was made and not claimed before the vault was deleted goes with it, even with Retain', async () => {
  const crashing = world.around(async (operation, pass) => {
    if (operation === 'CreateAlias') throw new Error('the process is gone');
    return pass();
  });
  await keys(crashing).ensure(planOf('unborn'));
  expect(await world.keysOf('unborn')).toEqual(['Enabled pending']);
  await keys().release(planOf('unborn'), 'Retain');
  expect(await world.keysOf('unborn')).toEqual(['PendingDeletion pending']);
});

test('nothing is used while KMS does not show whose the alias is', async () => {
  await keys().ensure(planOf('hidden'));
  const blind = world.around(async (name, go) => {
    if (name === 'ListKeys') return { Keys: [] };
    if (name === 'DescribeKey') throw Object.assign(new Error('not yet'), { name: 'NotFoundException' });
    return go();
  });
  const outcome = await keys(blind).ensure(planOf('hidden'));
  expect(outcome).toMatchObject({ problem: { reason: 'KmsUnreachable' } });
  expect(outcome.keyArn).toBeUndefined();
});

test('a bound key that lost its alias gets it back, and says so; a supplied alias of ours is not taken', async () => {
  const { keyArn = '' } = await keys().ensure(planOf('renamed'));
  const bound = { keyArn, origin: 'Created', granted: true } as const;
  await world.admin.send(new DeleteAliasCommand({ AliasName: 'alias/cofferdam-renamed' }));
  const outcome = await keys().ensure(planOf('renamed', { bound }));
  expect(outcome).toMatchObject({ keyArn, repaired: [{ reason: 'KeyAliasMissing' }] });
  expect((await keys().ensure(planOf('renamed', { bound }))).repaired).toBeUndefined();
});

test('a bound key that is destroyed is reported, and never replaced by a new one', async () => {
  const { keyArn = '' } = await keys().ensure(planOf('lost'));
  const bound = { keyArn, origin: 'Created', granted: true } as const;
  await keys().release(planOf('lost'), 'Delete');
  expect(await keys().ensure(planOf('lost', { bound }))).toMatchObject({
    keyArn,
    problem: { reason: 'KeyPendingDeletion' },
  });
  aheadMs = 8 * 24 * HOUR_MS;
  // The SDK learns the endpoint's time with the first refusal.
  const outcome = await keys().ensure(planOf('lost', { bound }));
  expect(outcome).toMatchObject({ problem: { reason: 'KeyNotFound' } });
  expect(outcome.problem?.message).toContain(keyArn);
  expect(await world.keysOf('lost')).toEqual([]);
  await world.admin.send(
    new CreateAliasCommand({
      AliasName: 'alias/cofferdam-elsewhere',
      TargetKeyId: (await keys().ensure(planOf('another'))).keyArn,
    }),
  );
  expect(await keys().ensure(planOf('elsewhere'))).toMatchObject({ problem: { reason: 'KeyNotOurs' } });
});

test('many new vaults share one look through the keys of the account', async () => {
  const asked: string[] = [];
  const counting = world.around(async (operation, pass) => {
    asked.push(operation);
    return pass();
  });
  const shared = keys(counting);
  const total = 8;
  const all = Array.from({ length: total }, (_, i) => shared.ensure(planOf(`many-${i}`)));
  for (const outcome of await Promise.all(all)) expect(outcome.problem).toBeUndefined();
  expect(asked.filter((name) => name === 'ListKeys')).toHaveLength(1);
  expect(asked.filter((name) => name === 'CreateKey')).toHaveLength(total);
});

test('a key that was made although its answer was lost is found by the same process', async () => {
  let lost = false;
  const losing = world.around(async (operation, pass) => {
    const answer = await pass();
    if (operation !== 'CreateKey' || lost) return answer;
    lost = true;
    throw new Error('socket hang up');
  });
  const one = keys(losing);
  expect(await one.ensure(planOf('answerless'))).toMatchObject({ problem: { reason: 'KmsUnreachable' } });
  expect((await one.ensure(planOf('answerless'))).problem).toBeUndefined();
  expect(await world.keysOf('answerless')).toEqual(['Enabled held']);
});

test('after a restart a new vault waits for the list of keys alone, and a stray one is found all the same', async () => {
  const known = await Promise.all(
    ['resident-1', 'resident-2'].map(async (vaultId) => ({
      vaultId,
      keyArn: (await keys().ensure(planOf(vaultId))).keyArn ?? '',
    })),
  );
  const crashing = world.around(async (operation, pass) => {
    if (operation === 'CreateAlias') throw new Error('the process is gone');
    return pass();
  });
  await keys(crashing).ensure(planOf('stray'));

  const asked: string[] = [];
  const counting = world.around(async (operation, pass) => {
    asked.push(operation);
    return pass();
  });
  const restarted = keys(counting);
  const tagsRead = () => asked.splice(0).filter((name) => name === 'ListResourceTags').length;
  await keys(counting).prepare({ region: 'eu-central-1' }, []);
  const all = tagsRead();
  await restarted.prepare({ region: 'eu-central-1' }, known);
  expect(tagsRead()).toBe(all - known.length);
  expect((await restarted.ensure(planOf('newcomer'))).problem).toBeUndefined();
  // Of its own key, once.
  expect(asked.filter((name) => /^List(Keys|ResourceTags)$/.test(name))).toEqual(['ListResourceTags']);
  expect((await restarted.ensure(planOf('stray'))).problem).toBeUndefined();
  expect(await world.keysOf('stray')).toEqual(['Enabled held']);
});

test('a vault that was deleted with Retain and whose alias was removed finds its key when it is made again, in whatever process', async () => {
  const first = keys();
  const { keyArn = '' } = await first.ensure(planOf('again'));
  const prepared = keys();
  await prepared.prepare({ region: 'eu-central-1' }, [{ vaultId: 'again', keyArn }]);
  for (const process of [first, prepared, keys()]) {
    await process.release(planOf('again', { held: true }), 'Retain');
    await world.admin.send(new DeleteAliasCommand({ AliasName: 'alias/cofferdam-again' }));
    expect((await process.ensure(planOf('again'))).keyArn).toBe(keyArn);
    expect(await world.keysOf('again')).toEqual(['Enabled held']);
  }
});
