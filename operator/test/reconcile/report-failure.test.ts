import type { Condition } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import { KubeError, type KubeObject } from '../../src/engine/index.ts';
import type { Context } from '../../src/reconcile/context.ts';
import { readVault, UnreadableError } from '../../src/reconcile/parse.ts';
import { reportFailure, reportUnreadable } from '../../src/reconcile/report-failure.ts';
import { PAYMENT_VAULTS } from '../../src/reconcile/resources.ts';
import { paymentVault } from '../fixtures.ts';

type Status = { conditions?: Condition[]; endpoints?: object; observedGeneration?: number };
function world(failure?: Error) {
  const written: Status[] = [];
  const events: string[] = [];
  const context = {
    clock: { now: () => Date.parse('2026-11-22T18:00:00Z') },
    events: { record: (_: unknown, { reason }: { reason: string }) => void events.push(reason) },
    client: {
      applyStatus: async (_: unknown, { status }: { status: Status }) => {
        if (failure !== undefined) throw failure;
        written.push(status);
        return { metadata: { resourceVersion: '2' } };
      },
    },
  } as unknown as Context;
  return { context, written, events };
}
const said = (status: Status | undefined) =>
  status?.conditions?.map(({ type, status: holds, reason }) => `${type} ${holds} ${reason}`);
const plain = paymentVault();
const before = {
  ...plain,
  metadata: { ...plain.metadata, generation: 7 },
  status: { observedGeneration: 6, endpoints: { vault: 'https://a' } },
};

test('what fails again and again becomes a condition, and the rest of the status stays', async () => {
  const { context, written } = world();
  const error = new Error('Cannot read properties of undefined');
  for (const failedBefore of [0, 1])
    await reportFailure(context, PAYMENT_VAULTS, before, { error, failedBefore });
  expect(written).toEqual([]);
  await reportFailure(context, PAYMENT_VAULTS, before, { error, failedBefore: 2 });
  expect(written.map(said)).toEqual([['Ready Unknown InternalError', 'Reconciling True InternalError']]);
  expect(written[0]?.conditions?.[0]?.message).toContain('Cannot read properties of undefined');
  expect(written[0]?.endpoints).toEqual({ vault: 'https://a' });
  expect(written[0]?.observedGeneration).toBe(7);
});

test('a conflict and a lost lease are nobody\u2019s trouble, and a status that cannot be written hides no failure', async () => {
  const { context, written } = world();
  for (const code of ['conflict', 'not_leading'] as const) {
    const error = new KubeError(code, 'x');
    await reportFailure(context, PAYMENT_VAULTS, before, { error, failedBefore: 9 });
  }
  expect(written).toEqual([]);
  const down = world(new Error('no API server'));
  const failure = { error: new Error('first'), failedBefore: 9 };
  await expect(reportFailure(down.context, PAYMENT_VAULTS, before, failure)).resolves.toBeUndefined();
});

const unreadable = (change: object): UnreadableError => {
  const vault = { ...before, spec: { ...before.spec, ...change } } as unknown as KubeObject;
  try {
    readVault(vault);
  } catch (error) {
    if (error instanceof UnreadableError) return error;
  }
  throw new Error('it was read');
};

test('members that only a newer operator knows are named, and nothing is lost of what it wrote', async () => {
  const error = unreadable({ teleport: {}, kms: { ...before.spec.kms, hsm: true } });
  expect(error.reason).toBe('OperatorTooOld');
  expect(error.message).toMatch(
    /does not know spec\.kms\.hsm, spec\.teleport: nothing is changed; upgrade the operator/,
  );
  const { context, written, events } = world();
  await reportUnreadable(context, PAYMENT_VAULTS, before, error);
  expect(written.map(said)).toEqual([['Ready False OperatorTooOld', 'Stalled True OperatorTooOld']]);
  expect(written[0]?.endpoints).toEqual({ vault: 'https://a' });
  // Or kstatus, and the CLI with it, would say that the operator has not looked at this generation yet.
  expect(written[0]?.observedGeneration).toBe(7);
  expect(events).toEqual(['OperatorTooOld']);
});

test('a value that cannot be read is named with its path', () => {
  const error = unreadable({ deletionPolicy: 'Burn' });
  expect(error.reason).toBe('SpecNotUnderstood');
  expect(error.message).toContain('spec.deletionPolicy');
});

test('a status of a newer operator does not make a resource unreadable', () => {
  const vault = { ...before, status: { teleport: 'on' } } as unknown as KubeObject;
  expect(readVault(vault).status).toEqual({ teleport: 'on' });
});
