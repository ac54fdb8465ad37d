import { expect, test } from 'vitest';
import {
  createApplySet,
  type KubeClient,
  KubeError,
  type KubeObject,
  type Observed,
  RESOURCES,
} from '../../src/engine/index.ts';

type Stored = KubeObject & { spec: { cpu: string } };
const ANNOTATION = 'test/applied';
const owner = { apiVersion: 'test/v1', kind: 'Owner', name: 'o', uid: 'owner-uid', controller: true };
const wanted = {
  resource: RESOURCES.deployments,
  object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace: 'n' } },
};

/** Holds Deployments as a server that writes `1000m` as `1`, and counts what is sent to it. */
function server(options: { refuseDelete?: boolean } = {}) {
  const objects = new Map<string, Stored>();
  const sent: string[] = [];
  const client = {
    async get(_resource: unknown, { name }: { name: string }) {
      const found = objects.get(name);
      if (found === undefined) throw new KubeError('not_found', 'none');
      return found;
    },
    async apply(_resource: unknown, object: Stored) {
      const { name } = object.metadata;
      sent.push(`apply ${name}`);
      const generation = (objects.get(name)?.metadata.generation ?? 0) + 1;
      const metadata = { ...object.metadata, uid: `${name}-uid`, generation };
      const stored = { ...object, metadata, spec: { cpu: '1' } };
      objects.set(name, stored);
      return stored;
    },
    async delete(_resource: unknown, { name }: { name: string }) {
      sent.push(`delete ${name}`);
      if (options.refuseDelete) throw new KubeError('forbidden', 'a webhook says no');
      objects.delete(name);
      return undefined;
    },
  } as unknown as KubeClient;
  const observed = (): Observed[] =>
    [...objects.values()].map((object) => ({ resource: RESOURCES.deployments, object, metadataOnly: false }));
  return { client, objects, sent, observed };
}
const asks = (cpu: string) => ({ ...wanted, object: { ...wanted.object, spec: { cpu } } });

test('what the server writes in another way than we do is not applied for ever', async () => {
  const { client, sent, observed, objects } = server();
  const set = createApplySet({ client, annotation: ANNOTATION });
  const converge = (cpu = '1000m') => set.converge({ owner, wanted: [asks(cpu)], observed: observed() });
  await converge();
  await converge();
  expect(sent).toEqual(['apply d']);
  await converge('2000m');
  expect(sent).toEqual(['apply d', 'apply d']);

  const stored = objects.get('d');
  if (stored === undefined) throw new Error('not stored');
  objects.set('d', { ...stored, metadata: { ...stored.metadata, generation: 9 }, spec: { cpu: '7' } });
  await converge('2000m');
  expect(sent).toHaveLength(3);
});

test('what is no longer wanted is deleted only when we had applied it', async () => {
  const { client, objects, observed, sent } = server();
  const set = createApplySet({ client, annotation: ANNOTATION });
  await set.converge({ owner, wanted: [asks('1')], observed: [] });
  const metadata = { name: 'theirs', namespace: 'n', uid: 'theirs-uid', ownerReferences: [owner] };
  objects.set('theirs', { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { cpu: '1' } });
  await set.converge({ owner, wanted: [], observed: observed() });
  expect(sent).toEqual(['apply d', 'delete d']);
  expect([...objects.keys()]).toEqual(['theirs']);
});

test('a refused deletion is reported and holds up nothing', async () => {
  const { client, observed } = server({ refuseDelete: true });
  const set = createApplySet({ client, annotation: ANNOTATION });
  await set.converge({ owner, wanted: [asks('1')], observed: [] });
  const { written, refused } = await set.converge({ owner, wanted: [], observed: observed() });
  expect(written).toEqual([]);
  expect(refused.map(({ item, error }) => [item.object.metadata.name, error.code])).toEqual([
    ['d', 'forbidden'],
  ]);
});

test('an object of our name that somebody else owns is left alone', async () => {
  const { client, objects, sent } = server();
  const metadata = { name: 'd', namespace: 'n', uid: 'x', ownerReferences: [{ ...owner, uid: 'other' }] };
  objects.set('d', { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { cpu: '1' } });
  const set = createApplySet({ client, annotation: ANNOTATION, mayAdopt: () => true });
  const { refused } = await set.converge({ owner, wanted: [asks('1')], observed: [] });
  expect(refused.map(({ error }) => error.code)).toEqual(['already_exists']);
  expect(sent).toEqual([]);
});
