import { readdir, readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import {
  apiName,
  createClient,
  createTransport,
  discoverApis,
  type KubeObject,
  OPTIONAL_RESOURCES,
  RESOURCES,
} from '../../src/engine/index.ts';
import { type Caches, createCaches } from '../../src/reconcile/caches.ts';
import { type InMemoryCluster, startInMemoryCluster } from '../engine/in-memory-cluster.ts';

let cluster: InMemoryCluster;
const running: Caches[] = [];
beforeAll(async () => {
  cluster = await startInMemoryCluster('a');
  const directory = new URL('../../../crds/yaml/', import.meta.url);
  for (const file of await readdir(directory)) {
    const definition: KubeObject = parse(await readFile(new URL(file, directory), 'utf8'));
    await cluster.somebody.apply(RESOURCES.customResourceDefinitions, definition);
  }
  for (const name of ['b', 'c'])
    await cluster.somebody.apply(RESOURCES.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
});
afterEach(async () => void (await Promise.all(running.splice(0).map((caches) => caches.stop()))));
afterAll(() => cluster.stop());

async function fill(namespaces?: string[]) {
  const asked: string[] = [];
  const transport = createTransport(cluster.config, { onAttempt: ({ path }) => asked.push(path) });
  const caches = createCaches({ client: createClient({ transport }), namespaces });
  running.push({ ...caches, stop: () => caches.stop().then(() => transport.close()) });
  caches.start();
  await caches.synced();
  return { caches, asked, client: createClient({ transport }) };
}

const managed = (namespace: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace,
    labels: { 'app.kubernetes.io/managed-by': 'cofferdam-operator' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: 'o', uid: 'owner' }],
  },
});

test('with namespaces given nothing is asked of the cluster as a whole, and others are not seen', async () => {
  for (const namespace of ['a', 'b', 'c'])
    await cluster.somebody.create(RESOURCES.configMaps, managed(namespace, 'x'));
  const { caches, asked } = await fill(['a', 'c']);
  expect(asked.length).toBeGreaterThan(10);
  expect(asked.filter((path) => !/\/namespaces\/(a|c)\//.test(path))).toEqual([]);
  const found = () => caches.childrenOf('owner').map(({ object }) => object.metadata.namespace);
  expect(found().sort()).toEqual(['a', 'c']);
  const all = await fill();
  expect(all.caches.childrenOf('owner')).toHaveLength(3);
  await cluster.somebody.delete(RESOURCES.configMaps, { namespace: 'a', name: 'x' });
  await vi.waitFor(() => expect(found()).toEqual(['c']), { timeout: 20_000 });
});

const serviceMonitors = (): KubeObject & { spec: object } => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'servicemonitors.monitoring.coreos.com' },
  spec: {
    group: 'monitoring.coreos.com',
    scope: 'Namespaced',
    names: {
      plural: 'servicemonitors',
      singular: 'servicemonitor',
      kind: 'ServiceMonitor',
      listKind: 'ServiceMonitorList',
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});

test('an optional kind is followed when it appears, and no longer when it is gone', async () => {
  const { caches, client } = await fill(['a']);
  const wanted = Object.values(OPTIONAL_RESOURCES);
  const seen: string[] = [];
  const unsubscribe = caches.onChild({ added: ({ kind }) => seen.push(kind) });
  seen.length = 0;
  caches.follow(await discoverApis(client, wanted));
  expect(caches.of(OPTIONAL_RESOURCES.serviceMonitors)).toBeUndefined();

  await cluster.somebody.create(RESOURCES.customResourceDefinitions, serviceMonitors());
  const resource = OPTIONAL_RESOURCES.serviceMonitors;
  const apis = await vi.waitFor(
    async () => {
      const found = await discoverApis(client, wanted);
      expect(found).toEqual(new Set([apiName(resource)]));
      return found;
    },
    { timeout: 20_000 },
  );
  caches.follow(apis);
  caches.follow(apis);
  await vi.waitFor(() => expect(caches.of(resource)).toBeDefined(), { timeout: 20_000 });
  await cluster.somebody.create(resource, {
    ...managed('a', 'm'),
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
  });
  await vi.waitFor(() => expect(seen).toEqual(['ServiceMonitor']), { timeout: 20_000 });
  expect(caches.childrenOf('owner').map(({ object }) => object.kind)).toContain('ServiceMonitor');

  await cluster.somebody.delete(RESOURCES.customResourceDefinitions, serviceMonitors().metadata);
  await vi.waitFor(async () => expect(await discoverApis(client, wanted)).toEqual(new Set()), {
    timeout: 20_000,
  });
  caches.follow(new Set());
  expect(caches.of(resource)).toBeUndefined();
  expect(caches.childrenOf('owner').map(({ object }) => object.kind)).not.toContain('ServiceMonitor');
  unsubscribe();
});

test('of a child only what is looked at is kept', async () => {
  const template = {
    metadata: { labels: { l: 'v' }, annotations: { digest: 'd' } },
    spec: {
      containers: [{ name: 'c', image: 'i', env: [{ name: 'E', value: 'long' }] }],
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'database', secret: { secretName: 's' } },
      ],
    },
  };
  const shell = managed('b', 'd');
  await cluster.somebody.create(RESOURCES.deployments, {
    ...shell,
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...shell.metadata,
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{...}' },
    },
    spec: { replicas: 2, selector: { matchLabels: { l: 'v' } }, template },
  } as KubeObject);
  const { caches } = await fill(['b']);
  const kept = caches.deployments.store.get('b', 'd');
  expect(kept?.metadata).not.toHaveProperty('managedFields');
  expect(kept?.metadata.annotations).toEqual({});
  expect(kept?.spec).toMatchObject({
    replicas: 2,
    template: {
      spec: {
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'database', secret: { secretName: 's' } }],
      },
    },
  });
  expect(JSON.stringify(kept)).not.toContain('long');
});

test("of a Job's labels those of its controller are not kept, and what resources have alike is held once", async () => {
  const job = (name: string) => ({
    ...managed('b', name),
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...managed('b', name).metadata,
      labels: {
        ...managed('b', name).metadata.labels,
        'controller-uid': name,
        'batch.kubernetes.io/job-name': name,
      },
    },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
  });
  for (const name of ['one', 'two']) await cluster.somebody.create(RESOURCES.jobs, job(name) as KubeObject);
  const { caches } = await fill(['b']);
  const [one, two] = ['one', 'two'].map((name) => caches.jobs.store.get('b', name)?.metadata);
  expect(one?.labels).toEqual(managed('b', 'one').metadata.labels);
  expect(two?.labels).toBe(one?.labels);
  expect(two?.ownerReferences).toBe(one?.ownerReferences);
});
