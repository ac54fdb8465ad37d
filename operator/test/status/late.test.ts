import { expect, test } from 'vitest';
import type { ObservedDeployment } from '../../src/status/observed-types.ts';
import { fine, messageOf, running, say, statusOf } from './vault-observation.ts';

test('a migration that cannot start holds nothing up for longer than a roll-out may take', () => {
  const trouble = { reason: 'ImagePullFailed' as const, message: 'pod p cannot pull its image' };
  const judged = (startTime: string, ready = 0) => {
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      status: { startTime, ready },
    };
    const found = statusOf({
      migrated: { vault: false, router: true },
      jobs: { vault: job, router: undefined },
      jobTrouble: { vault: trouble, router: undefined },
    });
    return say(found);
  };
  expect(judged('2026-11-22T17:55:01Z')).toMatchObject({ Reconciling: 'True ImagePullFailed' });
  expect(judged('2026-11-22T17:55:00Z')).toMatchObject({
    Stalled: 'True ImagePullFailed',
    DatabaseMigrated: 'False ImagePullFailed',
  });
  // The one before failed, and this one runs: a migration may take its time.
  expect(judged('2026-11-22T17:00:00Z', 1)).toMatchObject({ Reconciling: 'True ImagePullFailed' });
});

test('pods whose trouble is known are on their way until the deadline of their roll-out, and stuck after it', () => {
  const deployment = (reason: string, status: string): ObservedDeployment => {
    const { status: old, ...rest } = running('payments-vault');
    const progressing = { type: 'Progressing', status, reason };
    return { ...rest, status: { ...old, replicas: 2, conditions: [progressing] } };
  };
  const trouble = { reason: 'ImagePullFailed' as const, message: 'pod p cannot pull its image' };
  const judged = (reason: string, status: string) => {
    const vault = { name: 'payments-vault', deployment: deployment(reason, status), trouble };
    const found = statusOf({ workloads: { ...fine.workloads, vault } });
    return { ...say(found), why: messageOf(found, 'Ready') };
  };
  const why = 'pod p cannot pull its image';
  const early = judged('ReplicaSetUpdated', 'True');
  expect(early).toMatchObject({ Reconciling: 'True ImagePullFailed', Ready: 'False ImagePullFailed', why });
  const late = judged('ProgressDeadlineExceeded', 'False');
  expect(late).toMatchObject({ Stalled: 'True ImagePullFailed', Ready: 'False ImagePullFailed', why });
  expect(late).not.toHaveProperty('Reconciling');
});
