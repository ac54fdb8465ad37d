import fc from 'fast-check';
import { expect, it } from 'vitest';
import { orderedId, randomId } from '../src/index.ts';

it('ids have a prefix and 26 signs', () => {
  expect(randomId('tok')).toMatch(/^tok_[0-9a-z]{26}$/);
  expect(orderedId('evt')).toMatch(/^evt_[0-9a-z]{26}$/);
  expect(new Set(Array.from({ length: 1000 }, () => randomId('tok'))).size).toBe(1000);
});

it('ordered ids sort as their times do', () => {
  const time = fc.integer({ min: 0, max: 2 ** 47 });
  fc.assert(
    fc.property(time, time, (a, b) => {
      if (a !== b) expect(orderedId('x', a) < orderedId('x', b)).toBe(a < b);
    }),
  );
});
