import type { Deployment, Job, Pod, ReplicaSet } from '../../src/controllers/objects.ts';

export const NOW = new Date('2026-11-22T12:00:00Z');

export const meta = (name: string, more: Partial<Pod['metadata']> = {}): Pod['metadata'] => ({
  name,
  namespace: 'shop',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-11-22T11:00:00Z',
  ...more,
});

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
});

export function deployment(
  spec: Partial<Deployment['spec']> = {},
  status: Deployment['status'] = {},
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta('web', { generation: 3 }),
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template('web:2'), ...spec },
    status,
  };
}

export function replicaSet(
  name: string,
  image: string,
  counts: { replicas: number; available?: number; revision?: number },
): ReplicaSet {
  const { replicas, available = replicas, revision = 1 } = counts;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta(name, { annotations: { 'deployment.kubernetes.io/revision': String(revision) } }),
    spec: { replicas, selector: {}, template: template(image) },
    status: { replicas, readyReplicas: available, availableReplicas: available },
  };
}

export function pod(
  name: string,
  options: { ready?: boolean; phase?: string; deleting?: boolean; ip?: string } = {},
): Pod {
  const { ready = true, phase = 'Running', deleting = false, ip = '127.80.0.2' } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(name, {
      labels: { app: 'web' },
      ...(deleting ? { deletionTimestamp: '2026-11-22T11:59:00Z' } : {}),
    }),
    spec: {
      nodeName: 'devcluster-1',
      containers: [{ name: 'web', ports: [{ name: 'http', containerPort: 8081 }] }],
    },
    status: {
      phase,
      podIP: ip,
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-11-22T11:59:55Z' },
      ],
    },
  };
}

export function job(spec: Partial<Job['spec']> = {}, status: Job['status'] = {}): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: meta('migrate'),
    spec: { template: template('web:1'), backoffLimit: 2, ...spec },
    status,
  };
}
