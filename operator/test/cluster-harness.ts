import { readdir, readFile } from 'node:fs/promises';
import { KMSClient } from '@aws-sdk/client-kms';
import type { Statusz } from '@cofferdam/contracts';
import type { PaymentVaultSpec, PSPConnectorSpec } from '@cofferdam/crds';
import { startControllers } from '@cofferdam/devcluster';
import { startTestKms, type TestKms } from '@cofferdam/devcluster/addons';
import { parse } from 'yaml';
import type { TopicManagement } from '../src/effects/kafka.ts';
import { awsKeyManagement, type KmsSender } from '../src/effects/kms-aws.ts';
import {
  type ClusterConfig,
  createClient,
  createReflector,
  createTransport,
  isKubeError,
  type KubeClient,
  type KubeObject,
  kubeconfigFile,
  type ObjectKey,
  RESOURCES,
  type Resource,
  type Transport,
} from '../src/engine/index.ts';
import { createOperator } from '../src/operator.ts';
import { clusterKeys } from '../src/reconcile/cluster-keys.ts';
import type { Context } from '../src/reconcile/context.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../src/reconcile/resources.ts';
import { fixedAuthority } from './ca/fixed-authority.ts';
import { eventually } from './eventually.ts';
import { type Mirror, startMirror } from './faults/mirror.ts';
import { connector, facts, GRANTEE, paymentVault } from './fixtures.ts';
import { startTargetCluster } from './target-cluster.ts';

type Status = { conditions?: { type: string; status: string; reason: string; message: string }[] };
export type Conditioned = KubeObject & { status?: Status & Record<string, unknown> };

/** An API server, a KMS and stand-ins for the cluster's controllers, in this process. */
export type TestCluster = {
  admin: KubeClient;
  /** Path of a kubeconfig, for an operator in a process of its own. */
  kubeconfig: string;
  /** As a user of its own, so that a fault can be for the operators alone. */
  operatorConfig: ClusterConfig;
  /** Of the tokens of its service accounts. */
  issuer: string;
  /** Everything that there is, without asking. */
  mirror: Mirror;
  /** The API server's fault endpoint: `POST /faults`, `DELETE /faults`, `POST /faults/watches/drop`. */
  faults(method: 'POST' | 'DELETE', path: string, body?: object): Promise<{ id?: string }>;
  /** Connections that the API server has open; undefined where it does not say. */
  connections(): Promise<number | undefined>;
  kms: TestKms;
  /** What `/statusz` answers, by Service name. */
  statusz: Map<string, Statusz>;
  /** Topics: what the brokers answer. */
  topics: { problem?: string };
  /** KMS does not answer the operator. */
  kmsIsDown: boolean;
  /** Jobs whose pods can start; the others stay running. */
  jobsMayFinish: boolean;
  startOperator(options?: HarnessOptions): RunningOperator;
  namespace(name: string): Promise<void>;
  stop(): Promise<void>;
};

export type HarnessOptions = {
  /** Only this namespace, so that what it writes is about one vault. */
  namespace?: string;
  /** How long a deletion waits for a KMS that cannot be asked. Default 1000. */
  patienceMs?: number;
};

export type RunningOperator = {
  /** Writes to the API server and to KMS so far, leases and events left out. */
  writes: string[];
  stop(): Promise<void>;
};

/** User of the operators, where they have one of their own. */
export const OPERATOR = 'operator';

/** @param env which cluster, see {@link startTargetCluster} */
export async function startTestCluster(env = process.env): Promise<TestCluster> {
  const target = await startTargetCluster(env);
  const config = await kubeconfigFile(target.kubeconfig);
  const adminTransport = createTransport(config);
  const admin = createClient({ transport: adminTransport, fieldManager: 'test' });
  // A bare API server collects no garbage and runs nothing.
  const only: ['garbage-collector'] = ['garbage-collector'];
  const caPem = String(config.tls.ca ?? '');
  const collector = target.runsWorkloads ? undefined : startControllers({ client: admin, caPem, only });
  const namespaces = new Set<string>();
  const kms = await startTestKms();
  const statusz = new Map<string, Statusz>();
  const topics: TestCluster['topics'] = {};
  const operators = new Set<RunningOperator>();
  const directory = new URL('../../crds/yaml/', import.meta.url);
  for (const file of await readdir(directory)) {
    const definition: KubeObject = parse(await readFile(new URL(file, directory), 'utf8'));
    await admin.apply(RESOURCES.customResourceDefinitions, definition);
  }

  // A definition that was made just now is served a moment later.
  await eventually(() => Promise.all([PAYMENT_VAULTS, PSP_CONNECTORS].map((kind) => admin.list(kind))));
  const [foreign] = (await admin.list(PAYMENT_VAULTS)).items;
  if (foreign !== undefined) {
    throw new Error(
      `this cluster has PaymentVault ${foreign.metadata.namespace}/${foreign.metadata.name}, which the suite's operator would act on: name a cluster without any`,
    );
  }
  const mirror = await startMirror(admin);
  const { clusterIssuer } = await clusterKeys(admin);

  const cluster: TestCluster = {
    admin,
    kubeconfig: target.kubeconfig,
    operatorConfig: target.operatorToken === undefined ? config : asOperator(config, target.operatorToken),
    issuer: clusterIssuer,
    mirror,
    async faults(method, path, body) {
      const text = body === undefined ? {} : { body: JSON.stringify(body) };
      const headers = { 'content-type': 'application/json' };
      return JSON.parse(await adminTransport.send({ method, path, headers, ...text }));
    },
    connections: async () => target.connections?.(),
    kms,
    statusz,
    topics,
    kmsIsDown: false,
    jobsMayFinish: true,
    startOperator(options = {}) {
      const running = startOperator({ ...options, cluster, transport: createTransport(config) });
      operators.add(running);
      return running;
    },
    async namespace(name) {
      namespaces.add(name);
      await admin.apply(RESOURCES.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    },
    async stop() {
      await Promise.all([...operators].map((operator) => operator.stop()));
      await Promise.all([workloads?.stop(), collector?.stop(), mirror.stop()]);
      if (target.kind === 'existing') await removeNamespaces(admin, namespaces);
      await adminTransport.close();
      await kms.stop();
      await target.close();
    },
  };
  await cluster.namespace('cofferdam-system');
  const workloads = target.runsWorkloads ? undefined : simulateWorkloads(cluster);
  return cluster;
}

function startOperator(
  options: HarnessOptions & { cluster: TestCluster; transport: Transport },
): RunningOperator {
  const { cluster, transport, namespace, patienceMs = 1_000 } = options;
  const stopping = new AbortController();
  const writes: string[] = [];
  const counting: Transport = {
    ...transport,
    send(request) {
      const counts = request.method !== 'GET' && !/\/(leases|events)\b/.test(request.path);
      if (counts) writes.push(`${request.method} ${request.path.split('?')[0]}`);
      return transport.send(request);
    },
  };
  const aws = new KMSClient(cluster.kms.clientSettings.operator);
  const sender = {
    send(command: object) {
      const name = command.constructor.name.replace('Command', '');
      if (cluster.kmsIsDown) return Promise.reject(new Error('connect ECONNREFUSED'));
      if (/^(Create|Enable|Schedule|Delete|Revoke|Tag)/.test(name)) writes.push(`KMS ${name}`);
      return (aws.send as (command: object) => Promise<unknown>).call(aws, command);
    },
  } as unknown as KmsSender;
  const topics: TopicManagement = {
    async ensure(plan) {
      const { problem } = cluster.topics;
      return problem === undefined
        ? {
            topics: plan.topics.map(({ name, partitions, replicationFactor }) => ({
              name,
              partitions,
              replicationFactor,
            })),
          }
        : { topics: [], problem: { reason: 'BrokerUnreachable', message: problem } };
    },
  };
  const operator = createOperator({
    transport: counting,
    authority: () => fixedAuthority,
    topics,
    keys: awsKeyManagement(() => sender),
    statusz: {
      read: async (url) => cluster.statusz.get(new URL(url).hostname.split('.')[0] ?? ''),
      close: async () => {},
    },
    log: quiet,
    identity: {
      namespace: 'cofferdam-system',
      serviceAccount: 'cofferdam-operator',
      images: facts.images,
      certificateUrl: facts.certificateUrl,
      granteesFile: new URL('grantees.json', import.meta.url).pathname,
    },
    lease: { namespace: 'cofferdam-system', name: 'cofferdam-operator', holder: `test-${Math.random()}` },
    namespaces: namespace === undefined ? undefined : [namespace],
    resync: { readyMs: 400, notReadyMs: 200, unreportedMs: 100 },
    memory: { fineMs: 500, troubledMs: 100 },
    patience: { Retain: patienceMs, Delete: patienceMs },
  });
  const done = operator.run(stopping.signal);
  return {
    writes,
    async stop() {
      stopping.abort();
      await done;
      await transport.close();
    },
  };
}

const quiet: Context['log'] = { info() {}, warn() {}, error() {} };

function asOperator(config: ClusterConfig, token: string): ClusterConfig {
  return { ...config, authorize: async () => ({ authorization: `Bearer ${token}` }) };
}

/** A cluster that was there before us is left as it was, but for our CustomResourceDefinitions. */
async function removeNamespaces(admin: KubeClient, names: ReadonlySet<string>): Promise<void> {
  for (const namespace of names) {
    for (const kind of [PSP_CONNECTORS, PAYMENT_VAULTS]) {
      for (const { metadata } of (await admin.list(kind, { namespace })).items) {
        // No operator runs any more that would remove it.
        const finalizers = { type: 'merge', body: { metadata: { finalizers: null } } } as const;
        await admin.patch(kind, metadata, finalizers).catch(() => {});
      }
    }
    await admin.delete(RESOURCES.namespaces, { name: namespace });
  }
  // A suite that starts meanwhile would find them.
  await eventually(
    async () => {
      for (const kind of [PSP_CONNECTORS, PAYMENT_VAULTS]) {
        const left = (await admin.list(kind)).items.map(({ metadata }) => metadata);
        if (left.length > 0) throw new Error(`still there: ${JSON.stringify(left)}`);
      }
    },
    { timeoutMs: 60_000, everyMs: 250 },
  );
}

/** Jobs that complete and Deployments that roll out at once: what the cluster's controllers and kubelets would do. */
function simulateWorkloads(cluster: TestCluster): { stop(): Promise<void> } {
  const { admin } = cluster;
  const patch = async (resource: Resource, object: KubeObject, status: object): Promise<void> => {
    const body = { metadata: { uid: object.metadata.uid }, status };
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        await admin.patch(resource, object.metadata, { type: 'merge', body }, { subresource: 'status' });
        return;
      } catch (error) {
        if (isKubeError(error, 'not_found', 'conflict', 'invalid', 'aborted')) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  const now = () => new Date().toISOString().replace(/\.\d+Z/, 'Z');
  const finish = (job: KubeObject & { status?: Status }) => {
    if (!cluster.jobsMayFinish || job.status?.conditions?.length) return;
    const times = { startTime: now(), completionTime: now() };
    const said = {
      status: 'True',
      reason: 'CompletionsReached',
      message: '',
      lastTransitionTime: now(),
      lastProbeTime: now(),
    };
    const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({ type, ...said }));
    void patch(RESOURCES.jobs, job, { ...times, succeeded: 1, conditions });
  };
  const rollOut = (
    deployment: KubeObject & { spec?: { replicas?: number }; status?: { observedGeneration?: number } },
  ) => {
    const { generation } = deployment.metadata;
    if (deployment.status?.observedGeneration === generation) return;
    const replicas = deployment.spec?.replicas ?? 1;
    const all = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas };
    void patch(RESOURCES.deployments, deployment, { observedGeneration: generation, ...all });
  };
  const jobs = createReflector({ client: admin, resource: RESOURCES.jobs });
  const deployments = createReflector({ client: admin, resource: RESOURCES.deployments });
  jobs.subscribe({ added: finish, updated: finish });
  deployments.subscribe({ added: rollOut, updated: rollOut });
  jobs.start();
  deployments.start();
  return { stop: async () => void (await Promise.all([jobs.stop(), deployments.stop()])) };
}

export async function createVault(
  cluster: TestCluster,
  namespace: string,
  changes: Partial<PaymentVaultSpec> = {},
): Promise<void> {
  const { kms, access } = paymentVault().spec;
  const { granteePrincipal: _, ...key } = kms;
  const issuers = [{ issuer: cluster.issuer, audiences: ['cofferdam'] }];
  const vault = paymentVault({ vaultId: namespace, kms: key, access: { ...access, issuers }, ...changes });
  await cluster.admin.create(PAYMENT_VAULTS, { ...vault, metadata: { name: 'payments', namespace } });
}

export async function createConnector(
  cluster: TestCluster,
  namespace: string,
  changes: Partial<PSPConnectorSpec> = {},
): Promise<void> {
  const stripe = connector('stripe', changes);
  await cluster.admin.create(PSP_CONNECTORS, { ...stripe, metadata: { name: 'stripe', namespace } });
}

export const vaultKey = (namespace: string): ObjectKey => ({ namespace, name: 'payments' });
export const connectorKey = (namespace: string): ObjectKey => ({ namespace, name: 'stripe' });

/** Waits until a condition is as wanted; fails with what it was last. */
export async function waitFor(
  cluster: TestCluster,
  what: { resource: Resource; key: ObjectKey },
  wanted: Record<string, string>,
): Promise<Conditioned> {
  return eventually(
    async () => {
      const object = await cluster.admin.get<Conditioned>(what.resource, what.key);
      const found = Object.fromEntries(
        (object.status?.conditions ?? [])
          .filter(({ type }) => type in wanted)
          .map(({ type, status, reason }) => [type, `${status} ${reason}`]),
      );
      if (
        JSON.stringify(found, Object.keys(wanted).sort()) !==
        JSON.stringify(wanted, Object.keys(wanted).sort())
      ) {
        throw new Error(
          `wanted ${JSON.stringify(wanted)}, found ${JSON.stringify(object.status?.conditions)}`,
        );
      }
      return object;
    },
    { timeoutMs: 15_000 },
  );
}

export const ready = { Ready: 'True Succeeded' };
export { GRANTEE };
