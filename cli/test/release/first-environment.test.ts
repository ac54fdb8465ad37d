import { expect, it } from 'vitest';
import { firstEnvironment } from '../../src/release/first-environment.ts';

const chain = (...names: string[]) =>
  names.slice(1).map((to, index) => ({ from: names[index] ?? '', to, soakMinutes: 1 }));

it.each([
  ['the source of the only step', chain('staging', 'prod'), 'staging'],
  ['the first of a chain, in whatever order its steps are', chain('dev', 'staging', 'prod').reverse(), 'dev'],
  [
    'what several are promoted from',
    [...chain('staging', 'prod-eu'), ...chain('staging', 'prod-us')],
    'staging',
  ],
])('a release comes to %s', (_, steps, wanted) => expect(firstEnvironment({ steps })).toBe(wanted));

it.each([
  ['several begin', [...chain('a', 'b'), ...chain('c', 'd')], 'begins with a, c: give --to'],
  ['none does', chain('a', 'b', 'a'), 'goes in a circle: give --to'],
])('it is asked where to when %s', (_, steps, said) =>
  expect(() => firstEnvironment({ steps })).toThrow(said),
);
