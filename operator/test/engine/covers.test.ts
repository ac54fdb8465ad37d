import fc from 'fast-check';
import { expect, test } from 'vitest';
import { covers } from '../../src/engine/index.ts';

test.each([
  ['defaults that the server adds', { a: 1, added: true }, { a: 1 }, true],
  ['a changed value', { a: 2 }, { a: 1 }, false],
  [
    'an injected sidecar',
    [{ name: 'x', image: '1' }, { name: 'sidecar' }],
    [{ name: 'x', image: '1' }],
    true,
  ],
  ['a changed named item', [{ name: 'x', image: '2' }], [{ name: 'x', image: '1' }], false],
  ['one more element of a plain list', ['a', 'b'], ['a'], false],
  ['an empty object that the server left out', {}, { emptyDir: {} }, true],
  ['an empty list that the server left out', {}, { ingress: [] }, true],
  ['a rule where none is wanted', { ingress: [{ from: [] }] }, { ingress: [] }, false],
  ['a missing value', {}, { a: 1 }, false],
])('covers() judges %s', (_name, actual, wanted, expected) => {
  expect(covers(actual, wanted)).toBe(expected);
});

test('property: every JSON value covers itself', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => covers(structuredClone(value), value)));
});
