import { expect, test } from 'vitest';
import {
  compareVersions,
  createOwnWrites,
  isAtLeast,
  type KubeClient,
  KubeError,
  type KubeObject,
  RESOURCES,
} from '../../src/engine/index.ts';
import { createManualClock } from './manual-clock.ts';

const resource = RESOURCES.configMaps;
const at = (resourceVersion: string, uid = 'c-uid'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'c',
    namespace: 'n',
    uid,
    resourceVersion,
    ownerReferences: [{ apiVersion: 'v1', kind: 'O', name: 'o', uid: 'owner' }],
  },
});

/** A server whose versions a test gives, and a cache that a test moves. */
function world(...versions: (string | KubeError)[]) {
  const clock = createManualClock();
  const cache: { object: KubeObject | undefined; version: string } = { object: at('10'), version: '10' };
  const bases: (string | undefined)[] = [];
  const answer = async (_resource: unknown, object: KubeObject) => {
    bases.push(object.metadata.resourceVersion);
    const next = versions.shift();
    if (next instanceof KubeError) throw next;
    return at(next ?? '');
  };
  const client = {
    apply: answer,
    applyStatus: answer,
    delete: async () => undefined,
  } as unknown as KubeClient;
  const writes = createOwnWrites({
    client,
    clock,
    cacheOf: ({ plural }) =>
      plural !== resource.plural
        ? undefined
        : {
            store: { get: () => cache.object },
            hasSeen: (_key, version) =>
              isAtLeast(cache.object?.metadata.resourceVersion, version) || isAtLeast(cache.version, version),
          },
  });
  return { clock, cache, bases, writes };
}

test('versions are compared as decimal numbers of any length, others only for being equal', () => {
  expect(compareVersions('9', '10')).toBeLessThan(0);
  expect(compareVersions('99999999999999999999', '99999999999999999998')).toBeGreaterThan(0);
  expect(compareVersions('x', 'x')).toBe(0);
  expect(compareVersions('010', '9')).toBeUndefined();
  expect([isAtLeast('x', 'y'), isAtLeast('x', 'x'), isAtLeast(undefined, '1')]).toEqual([false, true, false]);
});

test('a write closes the gate of the object and of its owner, and of nobody else, until the cache has seen it', async () => {
  const { writes, cache } = world('12');
  await writes.client.apply(resource, at('10'));
  expect(['c-uid', 'owner', 'other'].map(writes.caughtUp)).toEqual([false, false, true]);
  cache.object = at('11');
  expect(writes.caughtUp('owner')).toBe(false);
  cache.object = at('12');
  expect(['c-uid', 'owner'].map(writes.caughtUp)).toEqual([true, true]);
  expect(writes.pending).toBe(0);
});

test('a cache that has moved past the write without the object has seen it deleted', async () => {
  const { writes, cache } = world('12');
  await writes.client.apply(resource, at('10'));
  cache.object = undefined;
  expect(writes.caughtUp('owner')).toBe(false);
  cache.version = '13';
  expect(writes.caughtUp('owner')).toBe(true);
});

test('versions that cannot be compared never wedge: the gate opens after a while', async () => {
  const { writes, cache, clock } = world('later');
  await writes.client.apply(resource, at('10'));
  cache.object = at('even-later');
  expect(writes.caughtUp('owner')).toBe(false);
  await clock.advance(30_000);
  expect(writes.caughtUp('owner')).toBe(true);
});

test('a deletion is seen when the object is gone, is another one, or is being deleted', async () => {
  for (const seen of [
    undefined,
    at('13', 'other'),
    { ...at('13'), metadata: { ...at('13').metadata, deletionTimestamp: 'now' } },
  ]) {
    const { writes, cache } = world();
    await writes.client.delete(resource, { name: 'c', namespace: 'n' }, { uid: 'c-uid' });
    expect(writes.caughtUp('owner')).toBe(false);
    cache.object = seen;
    expect(writes.caughtUp('owner')).toBe(true);
  }
});

test('a conflict says that the cache is old: the next pass waits for anything newer, but not for ever', async () => {
  const { writes, cache, clock } = world(
    new KubeError('conflict', 'late'),
    new KubeError('conflict', 'late'),
  );
  await expect(writes.client.apply(resource, at('10'))).rejects.toThrow('late');
  expect(writes.caughtUp('owner')).toBe(false);
  cache.object = at('11');
  expect(writes.caughtUp('owner')).toBe(true);
  await expect(writes.client.apply(resource, at('11'))).rejects.toThrow('late');
  expect(writes.caughtUp('owner')).toBe(false);
  await clock.advance(5_000);
  expect(writes.caughtUp('owner')).toBe(true);
});

test('several writes of one pass stand on each other, also when each names the version that the pass began with', async () => {
  const { writes, bases } = world('12', '15', '18', '20');
  await writes.client.applyStatus(resource, at('10'));
  await writes.client.applyStatus(resource, at('12'));
  await writes.client.applyStatus(resource, at('10'));
  // Based on a version that is not ours: sent as it is, to fail.
  await writes.client.applyStatus(resource, at('11'));
  expect(bases).toEqual(['10', '12', '15', '11']);
});
