import { expect, test } from 'vitest';
import { compilePattern } from '../../src/apimachinery/pattern.ts';

test.each([
  ['^[a-z]+$', 'abc', true],
  ['^[a-z]+$', 'ABC', false],
  ['(?i)^[a-z]+$', 'ABC', true],
  ['^a\\-b\\_c$', 'a-b_c', true],
  ['^\\p{Lu}$', 'É', true],
  ['^.$', '😀', true],
])('the pattern %s on %s: %s', (pattern, text, matches) => {
  expect(compilePattern(pattern).test(text)).toBe(matches);
});

test.each(['(', '[a', '^[[:alpha:]]\\-$'])('%s is refused', (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(SyntaxError);
});
