import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepEqualParts } from '../../src/engine/keep-equal-parts.ts';

const json = () => fc.jsonValue({ maxDepth: 3 });

test('the answer is what comes next, whatever was there before, which stays as it is', () => {
  fc.assert(
    fc.property(json(), json(), (before, next) => {
      const [wasBefore, wanted] = [structuredClone(before), structuredClone(next)];
      expect(keepEqualParts(before, next)).toEqual(wanted);
      expect(before).toEqual(wasBefore);
    }),
  );
});

test('what is equal is kept as a whole', () => {
  fc.assert(
    fc.property(json(), (before) => {
      expect(keepEqualParts(before, structuredClone(before))).toBe(before);
    }),
  );
});

test('parts that did not change are those of before, and others are not', () => {
  const before = {
    spec: { images: ['a', 'b'] },
    status: { conditions: [{ type: 'Ready' }, { type: 'KeyBound' }] },
  };
  const next = structuredClone({
    ...before,
    status: { conditions: [{ type: 'Ready', status: 'True' }, before.status.conditions[1]] },
  });
  const kept = keepEqualParts(before, next);
  expect(kept).not.toBe(before);
  expect(kept.spec).toBe(before.spec);
  expect(kept.status.conditions[0]).toEqual({ type: 'Ready', status: 'True' });
  expect(kept.status.conditions[1]).toBe(before.status.conditions[1]);
});

test.each([
  ['a list for an object', { 0: 'a' }, ['a']],
  ['an object for a list', ['a'], { 0: 'a' }],
  ['a shorter list', ['a', 'b'], ['a']],
  ['a longer one', ['a'], ['a', 'b']],
  ['a member less', { a: 1, b: 2 }, { a: 1 }],
  ['one more', { a: 1 }, { a: 1, b: 2 }],
  ['nothing for something', { a: { b: 1 } }, { a: null }],
])('%s is another value', (_, before, next) => {
  expect(keepEqualParts<unknown>(before, structuredClone(next))).toEqual(next);
});
