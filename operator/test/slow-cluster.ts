import { readdir, readFile } from 'node:fs/promises';
import { vi } from 'vitest';
import { parse } from 'yaml';
import type { KeyManagement } from '../src/effects/kms.ts';
import {
  type ClusterConfig,
  createClient,
  createReflector,
  createTransport,
  type KubeClient,
  type KubeObject,
  kubeconfigFile,
  RESOURCES,
  type Reflector,
  type Resource,
} from '../src/engine/index.ts';
import { createOperator, type OperatorOptions } from '../src/operator.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../src/reconcile/resources.ts';
import { isRolledOut, type ObservedDeployment } from '../src/status/observed-types.ts';
import { fixedAuthority } from './ca/fixed-authority.ts';
import { facts } from './fixtures.ts';
import { startTargetCluster } from './target-cluster.ts';

const KEY = 'arn:aws:kms:eu-central-1:000000000000:key/1';

/** An API server whose Deployments take a while to roll out, and operators whose KMS always says yes. */
export type SlowCluster = {
  admin: KubeClient;
  config: ClusterConfig;
  deployments: Reflector<ObservedDeployment>;
  /** Roll-outs end only while this is true. */
  podsStart: boolean;
  startOperator(options: Partial<OperatorOptions> & Pick<OperatorOptions, 'identity'>): {
    stop(): Promise<void>;
  };
  stop(): Promise<void>;
};

export async function startSlowCluster(rolloutMs: number): Promise<SlowCluster> {
  const target = await startTargetCluster();
  const config = await kubeconfigFile(target.kubeconfig);
  const transport = createTransport(config);
  const admin = createClient({ transport, fieldManager: 'test' });
  const directory = new URL('../../crds/yaml/', import.meta.url);
  for (const file of await readdir(directory)) {
    const definition: KubeObject = parse(await readFile(new URL(file, directory), 'utf8'));
    await admin.apply(RESOURCES.customResourceDefinitions, definition);
  }
  await vi.waitFor(() => Promise.all([PAYMENT_VAULTS, PSP_CONNECTORS].map((kind) => admin.list(kind))), {
    timeout: 20_000,
  });
  const running = new Set<{ stop(): Promise<void> }>();
  const deployments = createReflector<ObservedDeployment>({ client: admin, resource: RESOURCES.deployments });
  const jobs = createReflector({ client: admin, resource: RESOURCES.jobs });

  const cluster: SlowCluster = {
    admin,
    config,
    deployments,
    podsStart: true,
    startOperator(options) {
      const operator = startOperator(config, options);
      running.add(operator);
      return operator;
    },
    async stop() {
      await Promise.all([...running].map((operator) => operator.stop()));
      await Promise.all([deployments.stop(), jobs.stop()]);
      await transport.close();
      await target.close();
    },
  };
  const status = (resource: Resource, object: KubeObject, said: object) =>
    void admin
      .patch(resource, object.metadata, { type: 'merge', body: { status: said } }, { subresource: 'status' })
      .catch(() => {});
  const rollOut = (deployment: ObservedDeployment) => {
    if (isRolledOut(deployment)) return;
    const { generation: observedGeneration } = deployment.metadata;
    const replicas = deployment.spec?.replicas ?? 1;
    const all = { replicas, readyReplicas: replicas, availableReplicas: replicas, updatedReplicas: replicas };
    const finish = () => {
      if (cluster.podsStart) status(RESOURCES.deployments, deployment, { observedGeneration, ...all });
      else setTimeout(finish, rolloutMs);
    };
    setTimeout(finish, rolloutMs);
  };
  const complete = (job: KubeObject & { status?: { succeeded?: number } }) => {
    if (job.status?.succeeded) return;
    const now = new Date().toISOString().replace(/\.\d+Z/, 'Z');
    const said = { status: 'True', reason: 'Done', message: '', lastTransitionTime: now, lastProbeTime: now };
    const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({ type, ...said }));
    status(RESOURCES.jobs, job, { startTime: now, completionTime: now, succeeded: 1, conditions });
  };
  deployments.subscribe({ added: rollOut, updated: rollOut });
  jobs.subscribe({ added: complete, updated: complete });
  deployments.start();
  jobs.start();
  for (const name of ['cofferdam-system', 'payments-dev']) await createNamespace(admin, name);
  return cluster;
}

export async function createNamespace(admin: KubeClient, name: string): Promise<void> {
  await admin.apply(RESOURCES.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

function startOperator(
  config: ClusterConfig,
  options: Partial<OperatorOptions> & Pick<OperatorOptions, 'identity'>,
): { stop(): Promise<void> } {
  const { transport = createTransport(config), ...rest } = options;
  const stopping = new AbortController();
  const operator = createOperator({
    authority: () => fixedAuthority,
    topics: { ensure: async () => ({ topics: [] }) },
    keys,
    statusz: { read: async () => undefined, close: async () => {} },
    log: { info() {}, warn() {}, error() {} },
    lease: { namespace: 'cofferdam-system', name: 'cofferdam-operator', holder: `test-${Math.random()}` },
    resync: { readyMs: 5_000, notReadyMs: 300, unreportedMs: 100 },
    ...rest,
    transport,
  });
  const done = operator.run(stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await done;
      await transport.close();
    },
  };
}

const keys: KeyManagement = {
  ensure: async () => ({ keyArn: KEY, origin: 'Created' }),
  isUsable: async () => true,
  retire: async () => {},
  release: async () => {},
  prepare: async () => {},
  sweep: async () => [],
};

export const identity: OperatorOptions['identity'] = {
  namespace: 'cofferdam-system',
  serviceAccount: 'cofferdam-operator',
  images: facts.images,
  certificateUrl: facts.certificateUrl,
  granteesFile: new URL('grantees.json', import.meta.url).pathname,
  version: '1.0.0',
};
