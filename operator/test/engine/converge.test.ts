import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import {
  type ApplySet,
  createApplySet,
  createOwnWrites,
  createReflector,
  createTrim,
  type KubeClient,
  type KubeObject,
  ownerReferenceTo,
  RESOURCES,
  type Reflector,
  type Resource,
  type Wanted,
} from '../../src/engine/index.ts';
import { type InMemoryCluster, startInMemoryCluster } from './in-memory-cluster.ts';

/* The apply set, the caches and the gate together, against an API server that keeps managedFields. */

type Any = KubeObject & { [member: string]: never };
const namespace = 'n';
const KINDS = [
  RESOURCES.deployments,
  RESOURCES.services,
  RESOURCES.configMaps,
  RESOURCES.networkPolicies,
  RESOURCES.jobs,
  RESOURCES.serviceAccounts,
];
let cluster: InMemoryCluster;
let owner: KubeObject;
let engine: Engine;
let run = 0;

type Engine = {
  set: ApplySet;
  client: KubeClient;
  converge(wanted: readonly Wanted[]): ReturnType<ApplySet['converge']>;
  caughtUp(): boolean;
  settled(): Promise<void>;
  stop(): Promise<void>;
};

/** A process: its memory and its caches begin empty. */
async function startEngine(): Promise<Engine> {
  const trim = createTrim({
    metadataOnly: true,
    manager: 'engine',
    annotations: (name) => name === 'test/applied',
  });
  const caches: Reflector<KubeObject>[] = KINDS.map((resource) =>
    createReflector({
      client: cluster.somebody,
      resource,
      metadataOnly: true,
      watchList: true,
      trim,
      index: ({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? [],
    }),
  );
  const writes = createOwnWrites({
    client: cluster.client,
    cacheOf: ({ plural }) => caches.find(({ resource }) => resource.plural === plural),
  });
  const set = createApplySet({
    client: writes.client,
    manager: 'engine',
    annotation: 'test/applied',
    mayReplace: ({ kind }) => kind === 'Job',
  });
  for (const cache of caches) cache.start();
  await Promise.all(caches.map((cache) => cache.synced()));
  const uid = owner.metadata.uid ?? '';
  return {
    set,
    client: writes.client,
    converge: (wanted) =>
      set.converge({
        owner: ownerReferenceTo(owner),
        wanted,
        observed: caches.flatMap(({ resource, store }) =>
          store.byIndex(uid).map((object) => ({ resource, object, metadataOnly: true })),
        ),
      }),
    caughtUp: () => writes.caughtUp(uid),
    settled: () =>
      vi.waitFor(() => expect(writes.caughtUp(uid)).toBe(true), { interval: 5, timeout: 20_000 }),
    stop: async () => void (await Promise.all(caches.map((cache) => cache.stop()))),
  };
}

const object = (resource: Resource, name: string, content: object, metadata: object = {}): Wanted => ({
  resource,
  object: {
    apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
    kind: resource.kind,
    metadata: { name: `${name}-${run}`, namespace, ...metadata },
    ...content,
  },
});
const pod = { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1000m' } } }] };
const deployment = (spec: object = {}) =>
  object(RESOURCES.deployments, 'd', {
    spec: {
      selector: { matchLabels: { run: String(run) } },
      template: { metadata: { labels: { run: String(run) } }, spec: pod },
      ...spec,
    },
  });
const everything = () => [
  deployment({ replicas: 2 }),
  object(RESOURCES.services, 's', { spec: { selector: { a: 'b' }, ports: [{ name: 'http', port: 80 }] } }),
  object(RESOURCES.configMaps, 'c', { data: { one: '1', two: '2' } }),
  object(RESOURCES.serviceAccounts, 'a', {}, { annotations: { role: 'r' } }),
  object(RESOURCES.networkPolicies, 'p', {
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }],
    },
  }),
  object(RESOURCES.networkPolicies, 'closed', {
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] },
  }),
  object(RESOURCES.jobs, 'j', {
    spec: { template: { spec: { ...pod, restartPolicy: 'Never' } }, backoffLimit: 2 },
  }),
];
const read = (resource: Resource, name: string) =>
  cluster.somebody.get<Any>(resource, { namespace, name: `${name}-${run}` });

beforeAll(async () => {
  cluster = await startInMemoryCluster(namespace);
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  run += 1;
  owner = await cluster.somebody.create(RESOURCES.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `owner-${run}`, namespace },
  });
  engine = await startEngine();
  cluster.sent.length = 0;
});
afterEach(() => engine.stop());

test('a second pass writes and reads nothing, nor does the first one after a restart', async () => {
  const { written } = await engine.converge(everything());
  expect(written).toHaveLength(7);
  expect(cluster.writes()).toHaveLength(7);
  await engine.settled();
  cluster.sent.length = 0;
  await engine.converge(everything());
  await engine.stop();
  engine = await startEngine();
  expect(await engine.converge(everything())).toEqual({ written: [], refused: [] });
  expect(cluster.sent).toEqual([]);
});

test.each<[string, Resource, string, object]>([
  ['changed a value', RESOURCES.configMaps, 'c', { data: { one: 'x' } }],
  ['removed a value', RESOURCES.configMaps, 'c', { data: { two: null } }],
  ['removed an annotation', RESOURCES.serviceAccounts, 'a', { metadata: { annotations: { role: null } } }],
  ['opened a closed policy', RESOURCES.networkPolicies, 'closed', { spec: { ingress: [{}] } }],
  ['opened a policy', RESOURCES.networkPolicies, 'p', { spec: { ingress: [{}] } }],
  ['changed a selector', RESOURCES.services, 's', { spec: { selector: { a: 'c' } } }],
  ['scaled', RESOURCES.deployments, 'd', { spec: { replicas: 0 } }],
])(
  'what somebody %s while no operator ran is found and put back, and nothing else',
  async (_, resource, name, body) => {
    await engine.converge(everything());
    await engine.stop();
    const before = await read(resource, name);
    await cluster.somebody.patch(resource, before.metadata, { type: 'merge', body });
    engine = await startEngine();
    cluster.sent.length = 0;
    const { written } = await engine.converge(everything());
    expect(written.map((one) => one.object.metadata.name)).toEqual([`${name}-${run}`]);
    const after = await read(resource, name);
    const content = ({ metadata, status: _status, ...rest }: Any) => ({
      ...rest,
      annotations: metadata.annotations,
    });
    expect(content(after)).toEqual(content(before));
  },
);

test('what others add is none of our business', async () => {
  await engine.converge(everything());
  await engine.settled();
  const { metadata } = await read(RESOURCES.configMaps, 'c');
  const body = { metadata: { annotations: { theirs: 'x' } }, data: { three: '3' } };
  await cluster.somebody.patch(RESOURCES.configMaps, metadata, { type: 'merge', body });
  await engine.stop();
  engine = await startEngine();
  cluster.sent.length = 0;
  await engine.converge(everything());
  expect(cluster.writes()).toEqual([]);
});

test('nothing is planned until the caches have seen the last write, and then all is as wanted', async () => {
  expect(engine.caughtUp()).toBe(true);
  await engine.converge(everything());
  expect(engine.caughtUp()).toBe(false);
  await engine.settled();
  await engine.converge([]);
  expect(engine.caughtUp()).toBe(false);
  await engine.settled();
  expect(await engine.converge([])).toEqual({ written: [], refused: [] });
});

test('an apply that stands on an old version fails, also when the object is gone by now', async () => {
  const wanted = object(RESOURCES.configMaps, 'c', { data: { one: '1' } });
  await engine.converge([wanted]);
  await engine.settled();
  const old = await read(RESOURCES.configMaps, 'c');
  const late = createApplySet({ client: cluster.client, manager: 'engine', annotation: 'test/applied' });
  const send = () =>
    late.converge({
      owner: ownerReferenceTo(owner),
      wanted: [object(RESOURCES.configMaps, 'c', { data: { one: 'late' } })],
      observed: [{ resource: RESOURCES.configMaps, object: old, metadataOnly: false }],
    });
  await engine.converge([object(RESOURCES.configMaps, 'c', { data: { one: 'newer' } })]);
  await expect(send()).rejects.toMatchObject({ code: 'conflict' });
  await cluster.somebody.delete(RESOURCES.configMaps, old.metadata);
  await expect(send()).rejects.toMatchObject({ code: 'conflict' });
});

test('a status that moves the version is no reason to fail', async () => {
  await engine.converge([deployment({ replicas: 2 })]);
  await engine.settled();
  const { metadata } = await read(RESOURCES.deployments, 'd');
  await engine.stop();
  const body = { status: { observedGeneration: 1, replicas: 2 } };
  await cluster.somebody.patch(
    RESOURCES.deployments,
    metadata,
    { type: 'merge', body },
    { subresource: 'status' },
  );
  // The caches stand still now, one version behind.
  const { written } = await engine.converge([deployment({ replicas: 3 })]);
  expect(written).toHaveLength(1);
  expect((await read(RESOURCES.deployments, 'd'))['spec']).toMatchObject({ replicas: 3 });
});

test('an immutable field: a Job is made again, a Deployment is not, and is not asked for again at once', async () => {
  const job = (image: string) =>
    object(RESOURCES.jobs, 'j', {
      spec: { template: { spec: { containers: [{ name: 'c', image }], restartPolicy: 'Never' } } },
    });
  await engine.converge([job('one'), deployment()]);
  await engine.settled();
  const other = deployment({
    selector: { matchLabels: { other: 'x' } },
    template: { metadata: { labels: { other: 'x' } }, spec: pod },
  });
  const first = await engine.converge([job('two'), other]);
  expect(first.written.map(({ verb, object: { kind } }) => `${verb} ${kind}`)).toEqual(['delete Job']);
  expect(first.refused.map(({ item, error }) => [item.object.kind, error.code])).toEqual([
    ['Deployment', 'invalid'],
  ]);
  await engine.settled();
  cluster.sent.length = 0;
  const second = await engine.converge([job('two'), other]);
  expect(second.refused).toHaveLength(1);
  expect(cluster.writes()).toEqual([`PATCH jobs/j-${run}`]);
  expect((await read(RESOURCES.jobs, 'j'))['spec']).toMatchObject({
    template: { spec: { containers: [{ image: 'two' }] } },
  });
});

test('replicas go to an autoscaler and come back without ever being 1', async () => {
  const handsOver = [{ path: ['spec', 'replicas'], initial: 3 }];
  const seen: (number | undefined)[] = [];
  const watcher = createReflector<KubeObject & { spec?: { replicas?: number } }>({
    client: cluster.somebody,
    resource: RESOURCES.deployments,
    fieldSelector: `metadata.name=d-${run}`,
  });
  const look = (found: { spec?: { replicas?: number } }) => void seen.push(found.spec?.replicas);
  watcher.subscribe({ added: look, updated: look });
  watcher.start();
  const pass = async (wanted: Wanted) => {
    const attempt = () => engine.converge([wanted]);
    // A cache that has not seen the autoscaler's write yet is found out by the conflict, and waited for.
    const { written } = await attempt().catch(async () => {
      await engine.settled();
      return attempt();
    });
    await engine.settled();
    return written.length;
  };
  const ours = () => deployment({ replicas: 4 });
  const theirs = () => ({ ...deployment(), handsOver });
  const scaleTo = async (replicas: number) => {
    const { metadata } = await read(RESOURCES.deployments, 'd');
    await cluster.somebody.patch(RESOURCES.deployments, metadata, {
      type: 'merge',
      body: { spec: { replicas } },
    });
  };

  expect(await pass(ours())).toBe(1);
  // Handed over before the autoscaler has done anything: the value stays.
  expect(await pass(theirs())).toBe(1);
  expect((await read(RESOURCES.deployments, 'd'))['spec']).toMatchObject({ replicas: 4 });
  expect(await pass(theirs())).toBe(0);
  await scaleTo(7);
  expect(await pass(theirs())).toBe(0);
  expect(await pass(ours())).toBe(1);
  expect(await pass(ours())).toBe(0);
  // And once more, with the fields of the first time still held by somebody.
  expect(await pass(theirs())).toBe(1);
  expect(await pass(theirs())).toBe(0);
  await vi.waitFor(() => expect(seen.at(-1)).toBe(4), { timeout: 20_000 });
  expect(seen).not.toContain(1);
  await watcher.stop();
});

test('a Deployment under an autoscaler begins with the smallest number that is asked for', async () => {
  const wanted = { ...deployment(), handsOver: [{ path: ['spec', 'replicas'], initial: 3 }] };
  for (const writes of [1, 1, 0]) {
    expect((await engine.converge([wanted])).written).toHaveLength(writes);
    await engine.settled();
    expect((await read(RESOURCES.deployments, 'd'))['spec']).toMatchObject({ replicas: 3 });
  }
});
