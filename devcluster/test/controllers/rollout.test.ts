import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planDeployment } from '../../src/controllers/deployment-plan.ts';
import type { Deployment, ReplicaSet } from '../../src/controllers/objects.ts';
import { surge, unavailable } from '../../src/controllers/rollout-step.ts';
import { deployment, NOW, replicaSet } from './fixtures.ts';

const plan = (of: Deployment, replicaSets: ReplicaSet[], oldPods = 0) =>
  planDeployment({ deployment: of, replicaSets, oldPods, now: NOW });

describe('planDeployment()', () => {
  it('creates the ReplicaSet of a template that has none, named by its hash', () => {
    const { create, status } = plan(deployment(), []);
    const hash = create?.metadata.labels['pod-template-hash'] ?? '';
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]+$/);
    expect(create).toMatchObject({
      metadata: {
        name: `web-${hash}`,
        annotations: {
          'deployment.kubernetes.io/revision': '1',
          'deployment.kubernetes.io/desired-replicas': '2',
        },
        ownerReferences: [{ kind: 'Deployment', uid: 'uid-web', controller: true, blockOwnerDeletion: true }],
      },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } },
        template: { metadata: { labels: { app: 'web', 'pod-template-hash': hash } } },
      },
    });
    expect(status.observedGeneration).toBe(3);
    expect(status.conditions?.map(({ type, status: value, reason }) => [type, value, reason])).toEqual([
      ['Available', 'False', 'MinimumReplicasUnavailable'],
      ['Progressing', 'True', 'ReplicaSetUpdated'],
    ]);
  });

  it('gives another hash when the name is taken', () => {
    const first = plan(deployment(), []).create?.metadata.name;
    expect(plan(deployment({}, { collisionCount: 1 }), []).create?.metadata.name).not.toBe(first);
  });

  it('surges first and keeps the old pods while the new one is not available', () => {
    const old = replicaSet('web-old', 'web:1', { replicas: 2 });
    const started = plan(deployment({ strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }), [
      old,
    ]);
    expect(started.create?.spec.replicas).toBe(1);
    expect(started.scale).toEqual([]);
    const fresh = replicaSet('web-new', 'web:2', { replicas: 1, available: 0, revision: 2 });
    const waiting = plan(deployment({ strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }), [
      old,
      fresh,
    ]);
    expect(waiting.scale).toEqual([]);
    const ready = replicaSet('web-new', 'web:2', { replicas: 1, revision: 2 });
    const moved = plan(deployment({ strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }), [
      old,
      ready,
    ]);
    expect(moved.scale).toEqual([{ name: 'web-old', from: 2, to: 1 }]);
  });

  it('Recreate waits until no old pod is left', () => {
    const of = deployment({ strategy: { type: 'Recreate' } });
    const old = replicaSet('web-old', 'web:1', { replicas: 2 });
    expect(plan(of, [old], 2)).toMatchObject({ scale: [{ name: 'web-old', from: 2, to: 0 }] });
    const down = replicaSet('web-old', 'web:1', { replicas: 0 });
    expect(plan(of, [down], 1).create).toBeUndefined();
    expect(plan(of, [down], 0).create?.spec.replicas).toBe(2);
  });

  it('a paused Deployment is scaled and not rolled', () => {
    const only = replicaSet('web-old', 'web:1', { replicas: 2 });
    const { create, scale, status } = plan(deployment({ paused: true, replicas: 3 }), [only]);
    expect(create).toBeUndefined();
    expect(scale).toEqual([{ name: 'web-old', from: 2, to: 3 }]);
    expect(status.conditions?.find(({ type }) => type === 'Progressing')?.reason).toBe('DeploymentPaused');
  });

  it('a template that was there before gets the next revision', () => {
    const sets = [
      replicaSet('web-a', 'web:2', { replicas: 0, revision: 1 }),
      replicaSet('web-b', 'web:1', { replicas: 2, revision: 2 }),
    ];
    expect(plan(deployment(), sets).revision).toBe('3');
  });

  it('keeps as many old ReplicaSets as revisionHistoryLimit says, the newest', () => {
    const sets = [1, 2, 3].map((revision) =>
      replicaSet(`web-${revision}`, `old:${revision}`, { replicas: 0, revision }),
    );
    const current = replicaSet('web-4', 'web:2', { replicas: 2, revision: 4 });
    expect(plan(deployment({ revisionHistoryLimit: 1 }), [...sets, current]).remove).toEqual([
      'web-1',
      'web-2',
    ]);
  });

  it('reports a roll-out that makes no progress within its deadline', () => {
    const conditions = [
      {
        type: 'Progressing',
        status: 'True',
        reason: 'ReplicaSetUpdated',
        lastUpdateTime: '2026-11-22T11:49:00Z',
        lastTransitionTime: '2026-11-22T11:49:00Z',
      },
    ];
    const stuck = deployment(
      { progressDeadlineSeconds: 600 },
      { updatedReplicas: 2, replicas: 2, conditions },
    );
    const { status } = plan(stuck, [replicaSet('web-new', 'web:2', { replicas: 2, available: 0 })]);
    expect(status.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'ReplicaSet "web-new" has timed out progressing.',
    });
  });

  it('rolls to the end without ever leaving its bounds, however slowly pods become ready', () => {
    const settings = fc.record({
      replicas: fc.integer({ min: 0, max: 6 }),
      before: fc.integer({ min: 0, max: 6 }),
      maxSurge: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('25%', '50%', '100%')),
      maxUnavailable: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('0%', '25%', '50%')),
      becomesReady: fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }),
    });
    fc.assert(
      fc.property(settings, ({ replicas, before, maxSurge, maxUnavailable, becomesReady }) => {
        const of = deployment({ replicas, strategy: { rollingUpdate: { maxSurge, maxUnavailable } } });
        const world = [replicaSet('web-old', 'web:1', { replicas: before })];
        const floor = Math.min(replicas, before) - unavailable(of);
        const ceiling = Math.max(before, replicas + surge(of));
        for (let round = 0; round < 80; round += 1) {
          const { create, scale } = plan(of, structuredClone(world));
          if (create !== undefined) {
            world.push(replicaSet('web-new', 'web:2', { replicas: create.spec.replicas, available: 0 }));
          }
          for (const { name, to } of scale) {
            const set = world.find(({ metadata }) => metadata.name === name);
            if (set === undefined) continue;
            set.spec.replicas = to;
            const available = Math.min(set.status?.availableReplicas ?? 0, to);
            set.status = { replicas: to, readyReplicas: available, availableReplicas: available };
          }
          const fresh = world.find(({ metadata }) => metadata.name === 'web-new');
          if (fresh !== undefined && (becomesReady[round] ?? true)) {
            const available = Math.min(fresh.spec.replicas ?? 0, (fresh.status?.availableReplicas ?? 0) + 1);
            fresh.status = {
              replicas: fresh.spec.replicas ?? 0,
              readyReplicas: available,
              availableReplicas: available,
            };
          }
          const sum = (count: (set: ReplicaSet) => number | undefined): number =>
            world.reduce((total, set) => total + (count(set) ?? 0), 0);
          expect(sum((set) => set.status?.availableReplicas)).toBeGreaterThanOrEqual(floor);
          expect(sum((set) => set.spec.replicas)).toBeLessThanOrEqual(ceiling);
        }
        expect(world.map(({ metadata, spec }) => [metadata.name, spec.replicas])).toEqual([
          ['web-old', 0],
          ['web-new', replicas],
        ]);
      }),
      { numRuns: 100 },
    );
  });
});
