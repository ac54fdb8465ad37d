import { expect, test } from 'vitest';
import { z } from 'zod';
import { immutable, listMap, listSet } from '../src/schema-rules.ts';
import { toStructuralSchema, withoutRules } from '../src/structural.ts';
import { structuralProblems } from './structural-problems.ts';

test('toStructuralSchema() drops what Zod writes and an API server refuses', () => {
  const schema = z.strictObject({
    labels: z.record(z.string().max(9), z.string().max(9)).meta({ maxProperties: 3 }),
    count: z.int().min(0).max(2_147_483_647),
    size: z.int().min(0),
    url: z
      .string()
      .max(9)
      .regex(/^http:\/\/x/),
  });
  expect(toStructuralSchema(schema)).toEqual({
    type: 'object',
    required: ['labels', 'count', 'size', 'url'],
    properties: {
      labels: { type: 'object', maxProperties: 3, additionalProperties: { type: 'string', maxLength: 9 } },
      count: { type: 'integer', format: 'int32', minimum: 0, maximum: 2_147_483_647 },
      size: { type: 'integer', format: 'int64', minimum: 0 },
      url: { type: 'string', maxLength: 9, pattern: '^http://x' },
    },
  });
});

test('toStructuralSchema() keeps rules and list types, through optional() and describe()', () => {
  const name = immutable(z.string().max(5), 'it is a name').describe('A name.').optional();
  const schema = z.strictObject({
    name,
    items: listMap(z.array(z.strictObject({ key: z.string().max(5) })).max(2), 'key').describe('Items.'),
    tags: listSet(z.array(z.string().max(5)).max(2)).optional(),
    plain: z.array(z.string().max(5)).max(2),
  });
  expect(toStructuralSchema(schema).properties).toMatchObject({
    name: {
      description: 'A name.',
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable: it is a name' }],
    },
    items: {
      description: 'Items.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['key'],
    },
    tags: { 'x-kubernetes-list-type': 'set' },
    plain: { 'x-kubernetes-list-type': 'atomic' },
  });
});

test('toStructuralSchema() refuses a union, naming the member', () => {
  const schema = z.strictObject({ port: z.union([z.int(), z.string()]) });
  expect(() => toStructuralSchema(schema)).toThrow('.port: anyOf is not structural');
});

test('withoutRules() removes the rules of all members', () => {
  const schema = toStructuralSchema(
    z.strictObject({ deep: z.strictObject({ id: immutable(z.string(), 'x') }) }),
  );
  expect(JSON.stringify(schema)).toContain('oldSelf');
  expect(JSON.stringify(withoutRules(schema))).not.toContain('oldSelf');
});

test.each([
  ['a keyword that is not structural', { type: 'string', maxLength: 1, oneOf: [] }, '(root): keyword oneOf'],
  ['a missing type', { description: 'x' }, '(root): no type'],
  ['a string without a limit', { type: 'string' }, '(root): no maxLength or enum'],
  [
    'a list map whose key is optional',
    {
      type: 'array',
      maxItems: 1,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
      items: { type: 'object', properties: { a: { type: 'string', maxLength: 1 } } },
    },
    '(root): key a is optional',
  ],
  [
    'a transition rule below an atomic list',
    {
      type: 'array',
      maxItems: 1,
      'x-kubernetes-list-type': 'atomic',
      items: { type: 'boolean', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
    },
    '.[]: a transition rule in a list that is not a map',
  ],
])('the checker of these tests finds %s', (_, schema, problem) => {
  expect(structuralProblems(schema)).toContain(problem);
});
