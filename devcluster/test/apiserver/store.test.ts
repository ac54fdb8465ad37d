import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/apiserver/object.ts';
import { Store } from '../../src/apiserver/storage/store.ts';

function object(name: string, value: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'a', name },
    data: { value: String(value) },
  };
}

const names = fc.constantFrom('a', 'b', 'c', 'd');
const changes = fc.array(fc.record({ name: names, remove: fc.boolean() }), { maxLength: 60 });

/** Carries the changes out; the state after each revision is what a list at it must show. */
function replay(
  store: Store,
  list: { name: string; remove: boolean }[],
): Map<number, Record<string, unknown>> {
  const states = new Map<number, Record<string, unknown>>();
  for (const [i, { name, remove }] of list.entries()) {
    const old = store.get('configmaps', 'a', name);
    if (remove && old !== undefined) store.remove('configmaps', old);
    else store.put('configmaps', object(name, i));
    states.set(
      store.revision,
      Object.fromEntries(store.list('configmaps').map((o) => [o.metadata.name, o['data']])),
    );
  }
  return states;
}

describe('the store', () => {
  test('shows every revision that it has not forgotten as it was', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const store = new Store({ historyLimit: 1000 });
        for (const [revision, state] of replay(store, list)) {
          const then = store.collection('configmaps').at(revision);
          expect(Object.fromEntries([...then.values()].map((o) => [o.metadata.name, o['data']]))).toEqual(
            state,
          );
        }
      }),
    );
  });

  test('tells the changes after a revision in order, each with its own revision', () => {
    fc.assert(
      fc.property(changes, fc.nat(60), (list, from) => {
        const store = new Store({ historyLimit: 1000 });
        replay(store, list);
        const revisions = store
          .collection('configmaps')
          .since(1 + from)
          .map((event) => event.revision);
        const wanted = list.map((_, i) => i + 2).filter((revision) => revision > 1 + from);
        expect(revisions).toEqual(wanted);
      }),
    );
  });

  test('never keeps more history than its limit', () => {
    const store = new Store({ historyLimit: 10 });
    for (let i = 0; i < 100; i++) store.put('configmaps', object('a', i));
    expect(store.collection('configmaps').since(0).length).toBeLessThanOrEqual(10);
    expect(store.compactedRevision).toBeGreaterThan(store.revision - 11);
  });

  test('lists a namespace without those whose names begin alike', () => {
    const store = new Store({ historyLimit: 10 });
    for (const namespace of ['a', 'a-b', 'ab']) {
      store.put('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'x' } });
    }
    expect(store.list('configmaps', 'a').map((o) => o.metadata.namespace)).toEqual(['a']);
  });
});
