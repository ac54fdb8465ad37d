import { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { awsKeyManagement } from '../../src/effects/kms-aws.ts';
import { kmsCare } from '../../src/effects/kms-care.ts';
import { KubeError } from '../../src/engine/index.ts';
import type { ExternalCalls } from '../../src/metrics.ts';
import { createManualClock } from '../engine/manual-clock.ts';
import { type KmsWorld, planOf, startKmsWorld } from './kms-world.ts';

let world: KmsWorld;
let once: KMSClient;
beforeAll(async () => {
  world = await startKmsWorld();
  once = new KMSClient({ ...world.kms.clientSettings.operator, maxAttempts: 1 });
});
beforeEach(() => world.kms.fault());
afterAll(async () => {
  once.destroy();
  await world.stop();
});

function careful(quotaPercent = 1000) {
  const clock = createManualClock();
  const told: string[] = [];
  const observe: ExternalCalls = ({ operation, outcome }) => told.push(`${operation} ${outcome}`);
  const care = kmsCare({ clock, random: () => 1, quotaPercent, observe });
  return { clock, told, keys: awsKeyManagement(() => once, care) };
}

test.each([
  ['throttles', { error: { type: 'ThrottlingException', message: 'Rate exceeded' } }, 'KmsThrottled'],
  ['fails inside', { error: { type: 'KMSInternalException' } }, 'KmsUnreachable'],
  ['drops connections', { drop: 'before' }, 'KmsUnreachable'],
] as const)(
  'a KMS that %s is left alone for a while, asked once, and then as before',
  async (what, fault, reason) => {
    const { clock, told, keys } = careful();
    const plan = planOf(`care-${what}`.replace(' ', '-'));
    await world.kms.fault({ operation: '*', ...fault });
    const before = world.kms.calls.length;
    for (let i = 0; i < 20; i++) {
      const { problem } = await keys.ensure(plan);
      expect(problem?.reason).toBe(reason);
    }
    expect(world.kms.calls.length - before).toBe(5);
    expect(told.filter((one) => one.endsWith('error'))).toHaveLength(5);
    expect(told.filter((one) => one.endsWith('rejected'))).toHaveLength(15);

    await clock.advance(5_000);
    await keys.ensure(plan);
    await keys.ensure(plan);
    expect(world.kms.calls.length - before).toBe(6);

    await world.kms.fault();
    await clock.advance(10_000);
    expect((await keys.ensure(plan)).problem).toBeUndefined();
    expect(told.at(-1)).toBe('CreateGrant ok');
  },
);

test('refusals open nothing: what one vault may not have does not keep the others from theirs', async () => {
  const { told, keys } = careful();
  const missing = planOf('nobody', { key: { supplied: '11111111-2222-3333-4444-555555555555' } });
  await world.kms.fault({
    operation: 'ListResourceTags',
    error: { type: 'AccessDeniedException' },
    times: 10,
  });
  for (let i = 0; i < 10; i++) await keys.ensure(missing);
  const foreign = planOf('foreign', { key: { supplied: 'alias/cofferdam-care-throttles' } });
  for (let i = 0; i < 10; i++) {
    expect((await keys.ensure(foreign)).problem?.reason).toBe('KmsAccessDenied');
  }
  expect(told.filter((one) => one.endsWith('rejected'))).toEqual([]);
});

test('more calls than the budget has are not sent, and are no fault of KMS', async () => {
  const { told, keys } = careful(1);
  // 5 a second of which 1 %: one now, the next in 20 s.
  expect((await keys.ensure(planOf('first'))).problem).toBeUndefined();
  const before = world.kms.calls.length;
  const { problem } = await keys.ensure(planOf('second'));
  expect(problem?.reason).toBe('KmsThrottled');
  expect(problem?.message).toContain('KMS_QUOTA_PERCENT');
  expect(told.at(-1)).toBe('CreateKey rejected');
  expect(world.kms.calls.slice(before).map(({ operation }) => operation)).not.toContain('CreateKey');
});

test('a lease that is lost while a call waits for the budget keeps the call from being sent', async () => {
  const clock = createManualClock();
  const keys = awsKeyManagement(() => once, kmsCare({ clock, random: () => 1, quotaPercent: 20 }));
  let leads = true;
  const guard = () => {
    if (!leads) throw new KubeError('not_leading', 'not sent');
  };
  // CreateKey: one a second.
  await keys.ensure(planOf('waits-1'), guard);
  const waiting = keys.ensure(planOf('waits-2'), guard);
  const refused = expect(waiting).rejects.toMatchObject({ code: 'not_leading' });
  // Until it stands before CreateKey: everything else has been answered.
  await new Promise((resolve) => setTimeout(resolve, 200));
  leads = false;
  await clock.advance(1_000);
  await refused;
  expect(await world.keysOf('waits-2')).toEqual([]);
});
