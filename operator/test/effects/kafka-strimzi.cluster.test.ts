import { STREAMS } from '@cofferdam/contracts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type KubeObject, RESOURCES, type Resource } from '../../src/engine/index.ts';
import { PAYMENT_VAULTS } from '../../src/reconcile/resources.ts';
import {
  createVault,
  type RunningOperator,
  ready,
  startTestCluster,
  type TestCluster,
  vaultKey,
  waitFor,
} from '../cluster-harness.ts';

let cluster: TestCluster;
let operator: RunningOperator;
beforeAll(async () => {
  cluster = await startTestCluster();
  operator = cluster.startOperator();
});
afterAll(() => cluster?.stop());

const KAFKA_TOPICS: Resource = {
  ...{ group: 'kafka.strimzi.io', version: 'v1beta2', plural: 'kafkatopics', kind: 'KafkaTopic' },
  namespaced: true,
};
type KafkaTopic = KubeObject & { spec: { partitions: number; replicas: number; config: object } };
const kafka = {
  bootstrapServers: ['kafka:9092'],
  manage: 'Strimzi' as const,
  strimzi: { cluster: 'events' },
  topics: { partitions: 3, replicationFactor: 2 },
};
const vault = (namespace: string) => ({ resource: PAYMENT_VAULTS, key: vaultKey(namespace) });
const topicKey = (namespace: string, stream = 'tokens') => ({
  ...{ namespace, name: `cofferdam.${namespace}.${stream}` },
});
const topicOf = (namespace: string) => cluster.admin.get<KafkaTopic>(KAFKA_TOPICS, topicKey(namespace));

/** As much of Strimzi's own definition as matters here: the kind, its spec and a status of its own. */
async function installStrimzi(): Promise<void> {
  await cluster.admin.apply(RESOURCES.customResourceDefinitions, {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: 'kafkatopics.kafka.strimzi.io' },
    spec: {
      ...{ group: KAFKA_TOPICS.group, scope: 'Namespaced' },
      names: {
        kind: 'KafkaTopic',
        plural: 'kafkatopics',
        singular: 'kafkatopic',
        listKind: 'KafkaTopicList',
      },
      versions: [
        {
          ...{ name: 'v1beta2', served: true, storage: true, subresources: { status: {} } },
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  } as KubeObject);
  await vi.waitFor(() => cluster.admin.list(KAFKA_TOPICS), { timeout: 20_000 });
}

/** What the Topic Operator says of every topic. */
async function strimziSays(namespace: string, status: 'True' | 'False', message = ''): Promise<void> {
  for (const stream of STREAMS) {
    const key = topicKey(namespace, stream);
    const { metadata } = await vi.waitFor(() => cluster.admin.get(KAFKA_TOPICS, key), { timeout: 20_000 });
    const conditions = [{ type: 'Ready', status, reason: 'Said', message }];
    const body = { status: { observedGeneration: metadata.generation, conditions } };
    await cluster.admin.patch(KAFKA_TOPICS, key, { type: 'merge', body }, { subresource: 'status' });
  }
}

test('without Strimzi the vault serves and says what is missing; with it, topics are made and watched over', async () => {
  await cluster.namespace('strimzi');
  await createVault(cluster, 'strimzi', { kafka });
  await waitFor(cluster, vault('strimzi'), {
    TopicsReady: 'False StrimziMissing',
    Available: 'True Succeeded',
  });
  await installStrimzi();
  await waitFor(cluster, vault('strimzi'), { TopicsReady: 'False StrimziNotReady' });
  const made = await topicOf('strimzi');
  expect(made.metadata.labels).toMatchObject({ 'strimzi.io/cluster': 'events' });
  expect(made.spec).toEqual({
    ...{ topicName: 'cofferdam.strimzi.tokens', partitions: 3, replicas: 2 },
    config: { 'min.insync.replicas': 2, 'retention.ms': 604_800_000 },
  });
  await strimziSays('strimzi', 'False', 'not enough brokers');
  await vi.waitFor(async () => {
    const { status } = await cluster.admin.get<KubeObject & { status: object }>(
      PAYMENT_VAULTS,
      vaultKey('strimzi'),
    );
    expect(JSON.stringify(status)).toContain(
      'KafkaTopic strimzi/cofferdam.strimzi.tokens is not ready: Said',
    );
  }, 10_000);
  await strimziSays('strimzi', 'True');
  await waitFor(cluster, vault('strimzi'), ready);
});

test('at rest nothing is written, drift is repaired, and what is for life stays', async () => {
  const before = operator.writes.length;
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(operator.writes.slice(before)).toEqual([]);

  const set = (spec: object) =>
    cluster.admin.patch(KAFKA_TOPICS, topicKey('strimzi'), { type: 'merge', body: { spec } });
  await set({ config: { 'retention.ms': 1, 'segment.ms': 60_000 }, replicas: 1 });
  await vi.waitFor(async () => {
    const { spec } = await topicOf('strimzi');
    expect(spec.config).toMatchObject({ 'retention.ms': 604_800_000, 'segment.ms': 60_000 });
    expect(spec.replicas).toBe(1); // settled when the topic was made
  }, 10_000);
  await set({ partitions: 6 });
  await waitFor(cluster, vault('strimzi'), { TopicsReady: 'False TopicMismatch' });
  expect((await topicOf('strimzi')).spec.partitions).toBe(6);
  await set({ partitions: 3 });
  await strimziSays('strimzi', 'True');
  await waitFor(cluster, vault('strimzi'), ready);
});

test('topics outlive their vault, whatever its deletionPolicy, and a new one with its vaultId takes them up', async () => {
  const { uid, ownerReferences } = (await topicOf('strimzi')).metadata;
  expect(ownerReferences).toBeUndefined();
  const body = { spec: { deletionPolicy: 'Delete' } };
  await cluster.admin.patch(PAYMENT_VAULTS, vaultKey('strimzi'), { type: 'merge', body });
  await cluster.admin.delete(PAYMENT_VAULTS, vaultKey('strimzi'));
  await vi.waitFor(
    async () =>
      expect((await cluster.admin.list(PAYMENT_VAULTS, { namespace: 'strimzi' })).items).toEqual([]),
    20_000,
  );
  await new Promise((resolve) => setTimeout(resolve, 500)); // for a garbage collector
  expect((await topicOf('strimzi')).metadata.uid).toBe(uid);
  await createVault(cluster, 'strimzi', { kafka });
  await waitFor(cluster, vault('strimzi'), { TopicsReady: 'True Succeeded' });
  expect((await topicOf('strimzi')).metadata.uid).toBe(uid);
});

test('a KafkaTopic of somebody else is left alone, and named', async () => {
  await cluster.namespace('theirs');
  const foreign = {
    ...{ apiVersion: 'kafka.strimzi.io/v1beta2', kind: 'KafkaTopic', metadata: topicKey('theirs') },
    spec: { partitions: 3, replicas: 1, config: {} },
  };
  await cluster.admin.create(KAFKA_TOPICS, foreign);
  await createVault(cluster, 'theirs', { kafka });
  await waitFor(cluster, vault('theirs'), { TopicsReady: 'False NameConflict' });
  expect((await topicOf('theirs')).spec).toEqual(foreign.spec);
});
