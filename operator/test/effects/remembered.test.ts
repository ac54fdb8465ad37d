import { expect, test } from 'vitest';
import { remembered } from '../../src/effects/remembered.ts';
import { createManualClock } from '../engine/manual-clock.ts';

test('an answer holds for its time; a changed question and a forgotten answer are asked at once', async () => {
  const clock = createManualClock();
  let asked = 0;
  const memory = remembered<{ q: number }, number>({ clock, holdsMs: () => 100, ask: async () => ++asked });
  expect(await memory.ask('a', { q: 1 })).toBe(1);
  expect(await memory.ask('a', { q: 1 })).toBe(1);
  expect(await memory.ask('a', { q: 2 })).toBe(2);
  expect(await memory.ask('b', { q: 2 })).toBe(3);
  await clock.advance(101);
  expect(await memory.ask('a', { q: 2 })).toBe(4);
  memory.forget('a');
  expect(await memory.ask('a', { q: 2 })).toBe(5);
});
