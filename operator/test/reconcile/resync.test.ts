import type { Condition } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import { resyncAfter } from '../../src/reconcile/resync.ts';

const times = { readyMs: 30_000, notReadyMs: 15_000, unreportedMs: 3_000 };
const now = Date.parse('2026-11-22T18:02:00Z');
const condition = (type: string, status: 'True' | 'Unknown', reason: string, since: string): Condition =>
  ({ type, status, reason, message: '', lastTransitionTime: since, observedGeneration: 1 }) as Condition;
const unheard = (since: string) => [
  condition('Ready', 'Unknown', 'NotReported', since),
  condition('CredentialsPresent', 'Unknown', 'NotReported', since),
  condition('Available', 'True', 'Succeeded', since),
];
const after = (conditions: Condition[]) => resyncAfter(conditions, times, { turn: { turn: 'Free' }, now });
const retry = (afterMs: number) => ({ afterMs, urgency: 'retry' });

test('pods that have just begun to serve are soon asked again, and those that nobody can hear not for ever; both before what is ready', () => {
  expect(after(unheard('2026-11-22T18:01:30Z'))).toEqual(retry(3_000));
  expect(after(unheard('2026-11-22T18:00:30Z'))).toEqual(retry(15_000));
  expect(after([condition('Ready', 'True', 'Succeeded', '2026-11-22T18:00:30Z')])).toEqual({
    afterMs: 30_000,
    urgency: 'resync',
  });
});

test('those who are next in a queue look more often than those at its end', () => {
  const queued = (position: number) =>
    resyncAfter([], times, { turn: { turn: 'Queued', position, waiting: 9, underWay: [] }, now });
  expect([queued(5), queued(6)]).toEqual([retry(3_000), retry(15_000)]);
});
