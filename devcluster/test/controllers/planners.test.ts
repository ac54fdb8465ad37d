import { describe, expect, it } from 'vitest';
import { decide, type Owner, type OwnerState } from '../../src/controllers/collection-decision.ts';
import { planDisruptionStatus } from '../../src/controllers/disruption-plan.ts';
import { planEndpointSlices } from '../../src/controllers/endpoint-slice-plan.ts';
import { planJob } from '../../src/controllers/job-plan.ts';
import { namespaceConditions } from '../../src/controllers/namespace-conditions.ts';
import type { PodDisruptionBudget, Service } from '../../src/controllers/objects.ts';
import { planReplicaSet } from '../../src/controllers/replicaset-plan.ts';
import { selects } from '../../src/controllers/selector.ts';
import { job, meta, NOW, pod, replicaSet } from './fixtures.ts';

describe('planReplicaSet()', () => {
  it('counts only pods that are neither finished nor on their way out', () => {
    const pods = [pod('a'), pod('b', { deleting: true }), pod('c', { phase: 'Failed' })];
    const plan = planReplicaSet(replicaSet('web', 'web:1', { replicas: 3 }), pods, NOW);
    expect(plan).toMatchObject({ create: 2, remove: [], status: { replicas: 1, readyReplicas: 1 } });
  });

  it('gives up the pods that are of least use first', () => {
    const pods = [
      pod('ready'),
      pod('unready', { ready: false }),
      pod('pending', { ready: false, phase: 'Pending' }),
    ];
    const { remove } = planReplicaSet(replicaSet('web', 'web:1', { replicas: 1 }), pods, NOW);
    expect(remove).toEqual(['pending', 'unready']);
  });

  it('a ready pod is available only after minReadySeconds', () => {
    const set = replicaSet('web', 'web:1', { replicas: 1 });
    set.spec.minReadySeconds = 10;
    const plan = planReplicaSet(set, [pod('a')], NOW);
    expect(plan.status.availableReplicas).toBeUndefined();
    expect(plan.resyncAfterMs).toBe(10_000);
    const later = new Date(NOW.getTime() + 6_000);
    expect(planReplicaSet(set, [pod('a')], later).status.availableReplicas).toBe(1);
  });
});

describe('planJob()', () => {
  const settings = { backoffBaseMs: 10_000 };
  const types = (status: { conditions?: { type: string; status: string }[] }): string[] =>
    (status.conditions ?? []).filter((c) => c.status === 'True').map(({ type }) => type);

  it('starts one pod and says since when it runs', () => {
    const plan = planJob(job(), [], NOW, settings);
    expect(plan).toMatchObject({ create: 1, remove: [], status: { startTime: '2026-11-22T12:00:00Z' } });
  });

  it('is complete with its pod', () => {
    const { create, status } = planJob(job(), [pod('a', { phase: 'Succeeded' })], NOW, settings);
    expect(create).toBe(0);
    expect(status).toMatchObject({ succeeded: 1, completionTime: '2026-11-22T12:00:00Z' });
    expect(types(status)).toEqual(['SuccessCriteriaMet', 'Complete']);
  });

  it('waits longer after each failed pod, and fails when there were too many', () => {
    const failed = ['a', 'b', 'c'].map((name) => pod(name, { phase: 'Failed' }));
    for (const each of failed) {
      each.metadata.creationTimestamp = '2026-11-22T11:59:59Z';
    }
    const second = planJob(job(), failed.slice(0, 1), NOW, settings);
    expect(second).toMatchObject({ create: 0, resyncAfterMs: 9_000, status: { failed: 1 } });
    expect(planJob(job(), failed.slice(0, 2), NOW, settings)).toMatchObject({
      create: 0,
      resyncAfterMs: 19_000,
    });
    const over = planJob(job(), failed, NOW, settings);
    expect(over.create).toBe(0);
    expect(types(over.status)).toEqual(['FailureTarget', 'Failed']);
    expect(over.status.conditions?.at(-1)).toMatchObject({ reason: 'BackoffLimitExceeded' });
  });

  it('a failed pod counts also after somebody has deleted it', () => {
    const { status } = planJob(job({}, { failed: 3, startTime: '2026-11-22T11:00:00Z' }), [], NOW, settings);
    expect(types(status)).toContain('Failed');
  });

  it('ends what runs when activeDeadlineSeconds are over', () => {
    const late = job({ activeDeadlineSeconds: 60 }, { startTime: '2026-11-22T11:58:00Z' });
    const plan = planJob(late, [pod('a')], NOW, settings);
    expect(plan.remove).toEqual(['a']);
    expect(plan.status.conditions?.at(-1)).toMatchObject({ type: 'Failed', reason: 'DeadlineExceeded' });
  });

  it('goes when ttlSecondsAfterFinished is over', () => {
    const conditions = [{ type: 'Complete', status: 'True', lastTransitionTime: '2026-11-22T11:59:50Z' }];
    const plan = (ttlSecondsAfterFinished: number) =>
      planJob(job({ ttlSecondsAfterFinished }, { conditions }), [], NOW, settings);
    expect(plan(5).expire).toBe(true);
    expect(plan(30)).toMatchObject({ expire: false, resyncAfterMs: 20_000 });
  });

  it('never runs two pods at once while one is terminating', () => {
    expect(planJob(job(), [pod('a', { deleting: true })], NOW, settings).create).toBe(0);
  });
});

describe('decide()', () => {
  const owner = (name: string, state: OwnerState): Owner => ({
    reference: { apiVersion: 'v1', kind: 'ConfigMap', name, uid: name },
    state,
  });
  const plain = { finalizers: [], hasDependents: false };

  it('keeps what still has an owner, and takes out references to those that are gone', () => {
    expect(decide(plain, [owner('a', 'solid')])).toEqual({ action: 'keep' });
    expect(decide(plain, [owner('a', 'solid'), owner('b', 'absent'), owner('c', 'waiting')])).toEqual({
      action: 'release',
      uids: ['b', 'c'],
    });
  });

  it('deletes what has lost its last owner', () => {
    expect(decide(plain, [owner('a', 'absent')])).toEqual({
      action: 'delete',
      propagationPolicy: 'Background',
    });
  });

  it('passes a foreground deletion on to what has dependents of its own', () => {
    const owners = [owner('a', 'waiting')];
    expect(decide({ finalizers: [], hasDependents: true }, owners)).toMatchObject({
      propagationPolicy: 'Foreground',
    });
    expect(decide(plain, owners)).toMatchObject({ propagationPolicy: 'Background' });
  });

  it('keeps what never had an owner', () => {
    expect(decide(plain, [])).toEqual({ action: 'keep' });
  });
});

describe('planEndpointSlices()', () => {
  const service = (spec: Partial<Service['spec']> = {}): Service => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta('web'),
    spec: { selector: { app: 'web' }, ports: [{ name: 'main', port: 80, targetPort: 'http' }], ...spec },
  });

  it('resolves named ports and says which pods are ready', () => {
    const pods = [
      pod('a'),
      pod('b', { ready: false, ip: '127.80.0.3' }),
      pod('c', { deleting: true, ip: '127.80.0.4' }),
    ];
    expect(planEndpointSlices(service(), pods)).toMatchObject([
      {
        ports: [{ name: 'main', protocol: 'TCP', port: 8081 }],
        endpoints: [
          { addresses: ['127.80.0.2'], conditions: { ready: true, serving: true, terminating: false } },
          { addresses: ['127.80.0.3'], conditions: { ready: false, serving: false, terminating: false } },
          { addresses: ['127.80.0.4'], conditions: { ready: false, serving: true, terminating: true } },
        ],
      },
    ]);
  });

  it('a Service without pods has one empty slice', () => {
    expect(planEndpointSlices(service(), [])).toEqual([{ ports: [], endpoints: [] }]);
  });

  it('pods with other port numbers under the same name get a slice of their own', () => {
    const other = pod('b', { ip: '127.80.0.3' });
    other.spec.containers = [{ name: 'web', ports: [{ name: 'http', containerPort: 9090 }] }];
    const slices = planEndpointSlices(service(), [pod('a'), other]);
    expect(slices.map(({ ports }) => ports[0]?.port)).toEqual([8081, 9090]);
  });

  it('publishes pods that are not ready where the Service asks for it', () => {
    const slices = planEndpointSlices(service({ publishNotReadyAddresses: true }), [
      pod('a', { ready: false }),
    ]);
    expect(slices[0]?.endpoints[0]?.conditions).toMatchObject({ ready: true, serving: false });
  });
});

describe('planDisruptionStatus()', () => {
  const budget = (spec: PodDisruptionBudget['spec']): PodDisruptionBudget => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: meta('web'),
    spec,
  });

  it('allows as many disruptions as leave the wanted number healthy', () => {
    const pods = [pod('a'), pod('b'), pod('c', { ready: false })];
    expect(planDisruptionStatus(budget({ minAvailable: 1 }), pods, NOW)).toMatchObject({
      expectedPods: 3,
      currentHealthy: 2,
      desiredHealthy: 1,
      disruptionsAllowed: 1,
    });
    expect(planDisruptionStatus(budget({ maxUnavailable: '34%' }), pods, NOW)).toMatchObject({
      desiredHealthy: 1,
    });
  });
});

describe('namespaceConditions()', () => {
  it('says what is left and which finalizers hold it, in the words of Kubernetes', () => {
    const remains = [
      { plural: 'configmaps', group: '', count: 1, finalizers: ['example.com/hold'] },
      { plural: 'deployments', group: 'apps', count: 2, finalizers: [] },
    ];
    const found = namespaceConditions(undefined, remains, NOW).filter(({ status }) => status === 'True');
    expect(found.map(({ type, message }) => [type, message])).toEqual([
      [
        'NamespaceContentRemaining',
        'Some resources are remaining: configmaps. has 1 resource instances, deployments.apps has 2 resource instances',
      ],
      [
        'NamespaceFinalizersRemaining',
        'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
      ],
    ]);
  });
});

describe('selects()', () => {
  const labels = { app: 'web', tier: 'front' };
  it.each([
    [{}, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'api' } }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] }, true],
  ])('%j: %s', (selector, expected) => {
    expect(selects(selector, labels)).toBe(expected);
  });
});
