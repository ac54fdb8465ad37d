import { DescribeKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type KubeObject, RESOURCES, type Resource } from '../src/engine/index.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../src/reconcile/resources.ts';
import {
  type Conditioned,
  connectorKey,
  createConnector,
  createVault,
  type RunningOperator,
  ready,
  startTestCluster,
  type TestCluster,
  vaultKey,
  waitFor,
} from './cluster-harness.ts';
import { facts } from './fixtures.ts';
import { needsPlayedWorkloads } from './target-cluster.ts';

let cluster: TestCluster;
let admin: KMSClient;
let running: RunningOperator | undefined;
beforeAll(async () => {
  cluster = await startTestCluster();
  admin = new KMSClient(cluster.kms.clientSettings.admin);
  cluster.statusz.set('stripe-connector', {
    service: 'connector',
    version: 'test',
    instance: 'test',
    accounts: [{ name: 'acme', credentials: 'present', reachable: 'yes' }],
  });
});
afterAll(() => cluster?.stop());
afterEach(async () => {
  await running?.stop();
  running = undefined;
  cluster.jobsMayFinish = true;
  cluster.kmsIsDown = false;
  delete cluster.topics.problem;
});

const CHILD_KINDS: Resource[] = [
  RESOURCES.deployments,
  RESOURCES.jobs,
  RESOURCES.services,
  RESOURCES.serviceAccounts,
  RESOURCES.configMaps,
  RESOURCES.networkPolicies,
  RESOURCES.podDisruptionBudgets,
];

async function children(namespace: string): Promise<string[]> {
  const lists = await Promise.all(
    CHILD_KINDS.map((resource) =>
      cluster.admin.list(resource, {
        namespace,
        labelSelector: 'app.kubernetes.io/managed-by=cofferdam-operator',
      }),
    ),
  );
  return lists
    .flatMap(({ items }) => items.map(({ kind, metadata }) => `${kind}/${metadata.name}`))
    .map((name) => name.replace(/-migrate-[0-9a-f]{10}$/, '-migrate-<hash>'))
    .sort();
}
const vault = (namespace: string) => ({ resource: PAYMENT_VAULTS, key: vaultKey(namespace) });
const stripe = (namespace: string) => ({ resource: PSP_CONNECTORS, key: connectorKey(namespace) });
const keyArnOf = ({ status }: Conditioned) =>
  (status as { kms?: { keyArn?: string } } | undefined)?.kms?.keyArn;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** What the operator writes within several resync periods. */
async function writesAtRest(operator: RunningOperator): Promise<string[]> {
  await pause(300);
  const before = operator.writes.length;
  await pause(1200);
  return operator.writes.slice(before);
}

test('a vault and a connector become ready with everything that the plan says, and then nothing is written', async () => {
  await cluster.namespace('whole');
  await createVault(cluster, 'whole');
  await createConnector(cluster, 'whole');
  running = cluster.startOperator();
  const found = await waitFor(cluster, vault('whole'), ready);
  await waitFor(cluster, stripe('whole'), ready);
  expect(found.status).toMatchObject({
    observedGeneration: 1,
    kms: { origin: 'Created', alias: 'alias/cofferdam-whole' },
    endpoints: {
      vault: 'https://payments-vault.whole.svc:8080',
      router: 'https://payments-router.whole.svc:8080',
    },
    connectors: 1,
  });
  expect(await children('whole')).toEqual([
    'ConfigMap/payments-access',
    'ConfigMap/payments-ca',
    'ConfigMap/payments-routing',
    'ConfigMap/stripe-accounts',
    'Deployment/payments-router',
    'Deployment/payments-vault',
    'Deployment/stripe-connector',
    'Job/payments-router-migrate-<hash>',
    'Job/payments-vault-migrate-<hash>',
    'NetworkPolicy/payments-router',
    'NetworkPolicy/payments-router-migrate',
    'NetworkPolicy/payments-vault',
    'NetworkPolicy/payments-vault-migrate',
    'NetworkPolicy/stripe-connector',
    'PodDisruptionBudget/payments-router',
    'PodDisruptionBudget/payments-vault',
    'PodDisruptionBudget/stripe-connector',
    'Service/payments-router',
    'Service/payments-vault',
    'Service/stripe-connector',
    'ServiceAccount/payments-router',
    'ServiceAccount/payments-vault',
    'ServiceAccount/stripe-connector',
  ]);
  expect(await writesAtRest(running)).toEqual([]);
});

test('what somebody changes or deletes by hand is put back', async () => {
  await cluster.namespace('drift');
  await createVault(cluster, 'drift');
  const operator = cluster.startOperator();
  running = operator;
  await waitFor(cluster, vault('drift'), ready);
  const key = { namespace: 'drift', name: 'payments-vault' };
  type Deployment = KubeObject & {
    spec: { replicas: number; template: { spec: { containers: { image: string }[] } } };
  };
  const before = await cluster.admin.get<Deployment>(RESOURCES.deployments, key);
  const image = before.spec.template.spec.containers[0]?.image;
  const patch = [
    { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'evil:latest' },
    { op: 'replace', path: '/spec/replicas', value: 7 },
  ];
  await cluster.admin.patch(RESOURCES.deployments, key, { type: 'json', body: patch });
  await cluster.admin.delete(RESOURCES.services, key);
  const policy = { type: 'json', body: [{ op: 'replace', path: '/spec/ingress', value: [{}] }] } as const;
  await cluster.admin.patch(RESOURCES.networkPolicies, key, policy);
  await vi.waitFor(
    async () => {
      const after = await cluster.admin.get<Deployment>(RESOURCES.deployments, key);
      expect(after.spec.template.spec.containers[0]?.image).toBe(image);
      expect(after.spec.replicas).toBe(1);
      await cluster.admin.get(RESOURCES.services, key);
      const mended = await cluster.admin.get<KubeObject & { spec: { ingress: object[] } }>(
        RESOURCES.networkPolicies,
        key,
      );
      expect(mended.spec.ingress.length).toBeGreaterThan(1);
    },
    { timeout: 10_000 },
  );
  await waitFor(cluster, vault('drift'), ready);
  // Where pods are real, those of the change end a while after.
  await vi.waitFor(async () => expect(await writesAtRest(operator)).toEqual([]), { timeout: 15_000 });
});

test('no component is rolled out before its migration is complete', needsPlayedWorkloads, async () => {
  await cluster.namespace('gate');
  cluster.jobsMayFinish = false;
  await createVault(cluster, 'gate');
  running = cluster.startOperator();
  await waitFor(cluster, vault('gate'), {
    DatabaseMigrated: 'False MigrationRunning',
    Available: 'False Waiting',
  });
  expect(await children('gate')).not.toContain('Deployment/payments-vault');
  cluster.jobsMayFinish = true;
  for (const { metadata } of (await cluster.admin.list(RESOURCES.jobs, { namespace: 'gate' })).items) {
    const body = { metadata: { annotations: { nudge: 'x' } } };
    await cluster.admin.patch(RESOURCES.jobs, metadata, { type: 'merge', body });
  }
  await waitFor(cluster, vault('gate'), ready);
});

test('a connector whose vault does not exist says so, and heals when the vault comes', async () => {
  await cluster.namespace('early');
  await createConnector(cluster, 'early');
  running = cluster.startOperator();
  const found = await waitFor(cluster, stripe('early'), {
    Ready: 'False VaultNotFound',
    Stalled: 'True VaultNotFound',
  });
  expect(found.status?.conditions?.find(({ type }) => type === 'Ready')?.message).toBe(
    'VaultBound: PaymentVault early/payments not found: create it, or make this connector for another vault',
  );
  await createVault(cluster, 'early');
  await waitFor(cluster, stripe('early'), ready);
  const routing = await cluster.admin.get<KubeObject & { data: Record<string, string> }>(
    RESOURCES.configMaps,
    {
      namespace: 'early',
      name: 'payments-routing',
    },
  );
  expect(
    JSON.parse(routing.data['routing.json'] ?? '').connectors.map(({ name }: { name: string }) => name),
  ).toEqual(['stripe']);
});

test('a key that is disabled is reported while the vault goes on serving, and heals when it is enabled', async () => {
  await cluster.namespace('key');
  await createVault(cluster, 'key');
  running = cluster.startOperator();
  const found = await waitFor(cluster, vault('key'), ready);
  const KeyId = keyArnOf(found);
  await admin.send(new DisableKeyCommand({ KeyId }));
  await waitFor(cluster, vault('key'), {
    Ready: 'False KeyDisabled',
    Stalled: 'True KeyDisabled',
    Available: 'True Succeeded',
  });
  await admin.send(new EnableKeyCommand({ KeyId }));
  await waitFor(cluster, vault('key'), ready);
});

test('a grantee that is not on the allow-list is refused, and other vaults are not held up', async () => {
  await Promise.all(['refused', 'granted'].map((name) => cluster.namespace(name)));
  const kms = {
    provider: 'aws',
    region: 'eu-central-1',
    create: {},
    granteePrincipal: 'arn:aws:iam::000000000000:role/acme-dev-vault',
  } as const;
  await createVault(cluster, 'refused', { kms });
  await createVault(cluster, 'granted', { kms });
  running = cluster.startOperator();
  await waitFor(cluster, vault('refused'), { KeyBound: 'False GranteeNotAllowed' });
  await waitFor(cluster, vault('granted'), ready);
  const account = await cluster.admin.get(RESOURCES.serviceAccounts, {
    namespace: 'granted',
    name: 'payments-vault',
  });
  expect(account.metadata.annotations?.['eks.amazonaws.com/role-arn']).toBe(kms.granteePrincipal);
});

test('a missing broker degrades, stops nothing, and heals', async () => {
  await cluster.namespace('broker');
  cluster.topics.problem = 'nobody there';
  const kafka = { bootstrapServers: ['kafka:9092'], manage: 'Admin', topics: { partitions: 3 } } as const;
  await createVault(cluster, 'broker', {
    kafka: { ...kafka, bootstrapServers: [...kafka.bootstrapServers] },
  });
  running = cluster.startOperator();
  await waitFor(cluster, vault('broker'), {
    TopicsReady: 'False BrokerUnreachable',
    Available: 'True Succeeded',
  });
  delete cluster.topics.problem;
  await waitFor(cluster, vault('broker'), ready);
});

test('an object with our name that belongs to somebody else is left alone, and named', async () => {
  await cluster.namespace('foreign');
  const foreign = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'foreign', name: 'payments-access' },
    data: { theirs: 'yes' },
  };
  await cluster.admin.create(RESOURCES.configMaps, foreign);
  await createVault(cluster, 'foreign');
  running = cluster.startOperator();
  await waitFor(cluster, vault('foreign'), { Ready: 'False NameConflict', Available: 'True Succeeded' });
  const found = await cluster.admin.get<KubeObject & { data: object }>(
    RESOURCES.configMaps,
    foreign.metadata,
  );
  expect(found.data).toEqual({ theirs: 'yes' });
  await cluster.admin.delete(RESOURCES.configMaps, foreign.metadata);
  await waitFor(cluster, vault('foreign'), ready);
});

test('a paused vault is left alone, also when somebody changes its children, but for whom its pods trust', async () => {
  await cluster.namespace('paused');
  await createVault(cluster, 'paused');
  running = cluster.startOperator();
  await waitFor(cluster, vault('paused'), ready);
  const set = (paused: boolean | null) =>
    cluster.admin.patch(PAYMENT_VAULTS, vaultKey('paused'), { type: 'merge', body: { spec: { paused } } });
  await set(true);
  await waitFor(cluster, vault('paused'), { Ready: 'Unknown Paused' });
  await cluster.admin.delete(RESOURCES.services, { namespace: 'paused', name: 'payments-vault' });
  const authorities = { namespace: 'paused', name: 'payments-ca' };
  const body = { data: { 'ca.crt': 'those of last year' } };
  await cluster.admin.patch(RESOURCES.configMaps, authorities, { type: 'merge', body });
  await vi.waitFor(
    async () => {
      const found = await cluster.admin.get<KubeObject & { data: object }>(RESOURCES.configMaps, authorities);
      expect(found.data).toEqual({ 'ca.crt': facts.caBundle });
    },
    { timeout: 20_000 },
  );
  expect(await writesAtRest(running)).toEqual([]);
  await set(null);
  await waitFor(cluster, vault('paused'), ready);
  await cluster.admin.get(RESOURCES.services, { namespace: 'paused', name: 'payments-vault' });
});

test('deleting a vault removes what is ours and keeps the key', async () => {
  await cluster.namespace('leaving');
  await createVault(cluster, 'leaving');
  running = cluster.startOperator();
  const found = await waitFor(cluster, vault('leaving'), ready);
  await cluster.admin.delete(PAYMENT_VAULTS, vaultKey('leaving'));
  await vi.waitFor(
    async () => {
      const left = await cluster.admin.list<Conditioned>(PAYMENT_VAULTS, { namespace: 'leaving' });
      expect(left.items).toEqual([]);
      expect(await children('leaving')).toEqual([]);
    },
    { timeout: 10_000 },
  );
  const KeyId = keyArnOf(found);
  expect((await admin.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState).toBe('Enabled');
  await createVault(cluster, 'leaving');
  const again = await waitFor(cluster, vault('leaving'), ready);
  expect(keyArnOf(again)).toBe(KeyId);
});

test('a KMS that does not answer cannot hold up a deletion for ever', async () => {
  await cluster.namespace('unheard');
  await createVault(cluster, 'unheard');
  running = cluster.startOperator({ namespace: 'unheard' });
  await waitFor(cluster, vault('unheard'), ready);
  const said: string[] = [];
  cluster.mirror.onChange(({ kind, metadata, ...rest }: Conditioned) => {
    if (kind !== 'PaymentVault' || metadata.namespace !== 'unheard') return;
    said.push(rest.status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? '');
  });
  cluster.kmsIsDown = true;
  await cluster.admin.delete(PAYMENT_VAULTS, vaultKey('unheard'));
  await vi.waitFor(
    async () => {
      expect((await cluster.admin.list(PAYMENT_VAULTS, { namespace: 'unheard' })).items).toEqual([]);
    },
    { timeout: 10_000 },
  );
  expect(said).toContainEqual(
    expect.stringMatching(/KMS could not be asked \(.*ECONNREFUSED.*without an answer it is given up at/),
  );
  await vi.waitFor(
    async () => {
      const events = await cluster.admin.list<KubeObject & { reason: string }>(RESOURCES.events, {
        namespace: 'unheard',
      });
      expect(events.items.map(({ reason }) => reason)).toContain('KmsUnreachable');
    },
    { timeout: 20_000 },
  );
});

test("a second vault with the same vaultId gets nothing of the first one's, and takes over when that one is gone", async () => {
  await cluster.namespace('first');
  await cluster.namespace('usurper');
  await createVault(cluster, 'first', { vaultId: 'contested' });
  running = cluster.startOperator();
  const first = await waitFor(cluster, vault('first'), ready);
  await pause(1_000); // creation times have whole seconds
  await createVault(cluster, 'usurper', { vaultId: 'contested' });
  const found = await waitFor(cluster, vault('usurper'), {
    Ready: 'False VaultIdInUse',
    Stalled: 'True VaultIdInUse',
  });
  expect(keyArnOf(found)).toBeUndefined();
  expect(await children('usurper')).toEqual([]);
  await cluster.admin.delete(PAYMENT_VAULTS, vaultKey('first'));
  const heir = await waitFor(cluster, vault('usurper'), ready);
  expect(keyArnOf(heir)).toBe(keyArnOf(first));
});
