import { expect, test } from 'vitest';
import type { KeyOutcome } from '../../src/desired/key.ts';
import { KEY_MEMORY, rememberedKeys } from '../../src/effects/remembered-keys.ts';
import { createManualClock } from '../engine/manual-clock.ts';
import { planOf } from './kms-world.ts';

const plan = planOf('acme');
const repaired = [{ reason: 'GrantMissing', message: 'made again' }] as const;

function memory() {
  const clock = createManualClock();
  const looks: string[] = [];
  const world: { outcome: KeyOutcome; usable: boolean } = { outcome: { keyArn: 'arn' }, usable: true };
  const keys = rememberedKeys({
    clock,
    random: () => 0.5,
    guard: () => {},
    times: KEY_MEMORY,
    keys: {
      ensure: async () => {
        looks.push('whole');
        return world.outcome;
      },
      isUsable: async () => {
        looks.push('brief');
        return world.usable;
      },
    },
  });
  return { clock, looks, world, keys };
}

test('at rest a vault that is reconciled every 30 s costs 12 looks an hour, one of them a whole one', async () => {
  const { clock, looks, keys } = memory();
  await keys.ask('a', plan);
  looks.length = 0;
  for (let s = 0; s < 3 * 3600; s += 30) {
    await clock.advance(30_000);
    await keys.ask('a', plan);
  }
  expect(looks.filter((one) => one === 'whole')).toHaveLength(3);
  expect(looks.filter((one) => one === 'brief')).toHaveLength(33);
});

test('a key that is no longer usable is looked at as a whole in the same breath', async () => {
  const { clock, looks, world, keys } = memory();
  await keys.ask('a', plan);
  world.usable = false;
  world.outcome = { keyArn: 'arn', problem: { reason: 'KeyDisabled', message: 'disabled' } };
  await clock.advance(KEY_MEMORY.fineMs);
  expect(await keys.ask('a', plan)).toEqual(world.outcome);
  expect(looks).toEqual(['whole', 'brief', 'whole']);
  await clock.advance(KEY_MEMORY.troubledMs);
  await keys.ask('a', plan);
  expect(looks).toEqual(['whole', 'brief', 'whole', 'whole']);
});

test('doubt has it looked at with the next question, and a doubt that stays does not storm', async () => {
  const { clock, looks, keys } = memory();
  await keys.ask('a', plan);
  keys.doubt('a');
  await keys.ask('a', plan);
  expect(looks).toEqual(['whole']);
  await clock.advance(KEY_MEMORY.troubledMs);
  for (let i = 0; i < 10; i++) {
    keys.doubt('a');
    await keys.ask('a', plan);
  }
  expect(looks).toEqual(['whole', 'whole']);
});

test('a changed question is asked at once, and what was repaired is told once', async () => {
  const { looks, world, keys } = memory();
  world.outcome = { keyArn: 'arn', repaired };
  expect((await keys.ask('a', plan)).repaired).toEqual(repaired);
  expect((await keys.ask('a', plan)).repaired).toBeUndefined();
  await keys.ask('a', { ...plan, previousKeyArns: ['before'] });
  keys.forget('a');
  await keys.ask('a', { ...plan, previousKeyArns: ['before'] });
  expect(looks).toEqual(['whole', 'whole', 'whole']);
});
