import { describe, expect, test } from 'vitest';
import { createStore } from '../../src/engine/store.ts';

const child = (name: string, owner: string, resourceVersion = '1') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion, labels: { owner } },
});
const storeByOwner = () =>
  createStore<ReturnType<typeof child>>({ index: ({ metadata }) => [metadata.labels.owner] });
const names = (objects: readonly { metadata: { name: string } }[]) =>
  objects.map(({ metadata }) => metadata.name);

describe('byIndex()', () => {
  test('finds what shares a value, oldest first, and nothing of others', () => {
    const store = storeByOwner();
    for (const name of ['a', 'b', 'c']) store.put(child(name, 'first'));
    store.put(child('d', 'second'));
    expect(names(store.byIndex('first'))).toEqual(['a', 'b', 'c']);
    expect(names(store.byIndex('second'))).toEqual(['d']);
    expect(store.byIndex('third')).toEqual([]);
  });

  test('follows an object whose value changes, and forgets what is removed', () => {
    const store = storeByOwner();
    for (const name of ['a', 'b']) store.put(child(name, 'first'));
    store.put(child('a', 'second', '2'));
    expect(names(store.byIndex('first'))).toEqual(['b']);
    expect(names(store.byIndex('second'))).toEqual(['a']);
    store.remove(child('b', 'first'));
    store.replace([]);
    expect([store.byIndex('first'), store.byIndex('second'), store.size]).toEqual([[], [], 0]);
  });

  test('gives a list that what comes later leaves as it is', () => {
    const store = storeByOwner();
    store.put(child('a', 'first'));
    const before = store.byIndex('first');
    store.put(child('b', 'first'));
    expect(names(before)).toEqual(['a']);
  });
});
