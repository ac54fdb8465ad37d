import { expect, test } from 'vitest';
import { createIntern } from '../../src/engine/trim.ts';

test('of equal values the first is given each time, whatever they are', () => {
  const intern = createIntern();
  for (const make of [() => ({ a: ['b', { c: 1 }] }), () => ['b'], () => 3, () => null, () => `${'te'}xt`]) {
    const first = intern(make());
    expect(first).toEqual(make());
    expect(intern(make())).toBe(first);
  }
  expect(intern(undefined)).toBeUndefined();
});

test('values that are not equal are told apart, also where their hashes are the same', () => {
  const intern = createIntern();
  // FNV-1a of their JSON is the same.
  const [one, other] = [{ a: '123zx' }, { a: '1dpad' }];
  for (const value of [one, other, one]) expect(intern({ ...value })).toEqual(value);
  for (const value of ['1', 1, '"1"', ['1'], null, 'null']) expect(intern(value)).toEqual(value);
});
