import { describe, expect, it } from 'vitest';
import { compileRules } from '../../src/apimachinery/cel/compile.ts';
import type { Schema } from '../../src/apimachinery/schema.ts';

/** Schemas of the names that the upstream test uses. */
const TYPES: Readonly<Record<string, Schema>> = {
  number: { type: 'number' },
  integer: { type: 'integer' },
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  duration: { type: 'string', format: 'duration' },
  date: { type: 'string', format: 'date' },
  'date-time': { type: 'string', format: 'date-time' },
  'int-or-string': { 'x-kubernetes-int-or-string': true },
};

function typed(name: string): Schema {
  return TYPES[name] ?? {};
}

type Make = (rule: string, limit?: number) => Schema;

const rules = (rule: string) => ({ 'x-kubernetes-validations': [{ rule }] });
const array =
  (item: Schema): Make =>
  (rule, maxItems) => ({
    type: 'array',
    items: item,
    ...(maxItems !== undefined && { maxItems }),
    ...rules(rule),
  });
const map =
  (item: Schema): Make =>
  (rule, maxProperties) => ({
    type: 'object',
    additionalProperties: item,
    ...(maxProperties !== undefined && { maxProperties }),
    ...rules(rule),
  });
const text: Make = (rule, maxLength) => ({
  type: 'string',
  ...(maxLength !== undefined && { maxLength }),
  ...rules(rule),
});

/** A list of text, both limited alike. */
const textArray: Make = (rule, limit) => array(text('true', limit))(rule, limit);

/** A subset of TestCostEstimation in k8s.io/apiextensions-apiserver: rule, cost without limits, limit, cost with it. */
const CASES: readonly (readonly [Make, string, number, number, number])[] = [
  [array(typed('number')), 'self.all(x, true)', 4718591, 10, 32],
  [array(typed('string')), 'self.all(x, true)', 3145727, 20, 62],
  [array(typed('boolean')), 'self.all(x, true)', 1887437, 5, 17],
  [array({ type: 'array', items: typed('number') }), 'self.all(x, true)', 3145727, 100, 302],
  [map(typed('number')), 'self.all(x, true)', 1348169, 10, 32],
  [map(typed('string')), 'self.all(x, true)', 1179647, 3, 11],
  [map(typed('boolean')), 'self.all(x, true)', 943718, 100, 302],
  [array(typed('number')), 'self[1] == 0.0', 2, 5000, 2],
  [array(typed('string')), 'self[1] == self[1]', 314577, 8, 314577],
  [array(typed('number')), 'self.all(x, x == 0.0)', 6291454, 10, 42],
  [array(typed('int-or-string')), 'self.all(x, true)', 4718591, 10, 32],
  [array(typed('int-or-string')), 'self[0] == 5', 3, 10, 3],
  [array(typed('date')), 'self.all(x, true)', 725936, 15, 47],
  [array(typed('date-time')), 'self.all(x, true)', 428963, 25, 77],
  [map(typed('date')), 'self.all(x, true)', 524288, 10, 32],
  [map(typed('date-time')), 'self["a"] == self["b"]', 8, 7, 8],
  [map(typed('integer')), 'oldSelf.size() == self.size()', 5, 10, 5],
  [text, "self.contains('test')", 314574, 10, 5],
  [text, "self.startsWith('test')", 2, 15, 2],
  [text, 'size(self + "hello") > size("hello")', 314578, 4, 7],
  [text, 'self.matches("x")', 314574, 50, 22],
  [text, '"".matches("(((((((((())))))))))[0-9]")', 7, 10, 7],
  [text, 'self.matches("")', 1, 100, 1],
  [text, "self.find('[0-9]+') == ''", 629147, 10, 11],
  [text, "self.lowerAscii() == 'lower!'", 314575, 10, 6],
  [textArray, "self.join(' ') == 'aa bb'", 329853068905, 10, 43],
  [textArray, 'self.isSorted() == true', 329854432052, 10, 52],
];

describe('the estimated cost of a rule is that of Kubernetes', () => {
  const cost = (schema: Schema) => compileRules(schema)[0]?.cost;
  it.each(
    CASES.map(
      ([make, rule, unlimited, limit, limited], i) => [rule, i, make, unlimited, limit, limited] as const,
    ),
  )('%s (case %i)', (rule, _, make, unlimited, limit, limited) => {
    expect([cost(make(rule)), cost(make(rule, limit))]).toEqual([unlimited, limited]);
  });

  it('grows with every loop inside another', () => {
    const nested = array(typed('number'));
    expect(cost(nested('self.all(x, self.all(y, true))', 10))).toBe(352);
    expect(cost(nested('self.all(x, self.all(y, self.all(z, true)))', 10))).toBe(3552);
  });
});
