import { type Schema, validate } from '@cofferdam/devcluster/apimachinery';
import { expect, test } from 'vitest';
import { customResourceDefinitions } from '../src/index.ts';
import { type RuleCase, ruleCases } from './rule-cases.ts';

// The cases were also put to the validation of a real API server (k8s.io/apiextensions-apiserver 0.37), with the
// same answers.
function refusals({ kind, object, old }: RuleCase): [field: string, message: string][] {
  const definition = customResourceDefinitions().find(({ spec }) => spec.names.kind === kind);
  const schema = definition?.spec.versions[0].schema.openAPIV3Schema as Schema;
  return validate(schema, object, { old }).map(({ field, message }) => [field.replace('<nil>', ''), message]);
}

const cases = ruleCases.map((ruleCase) => [ruleCase.kind, ruleCase.name, ruleCase] as const);
const takes = cases.filter(([, , { refused }]) => refused.length === 0);
const refuses = cases.filter(([, , { refused }]) => refused.length > 0);

test.each(takes)('a %s is taken: %s', (_kind, _name, ruleCase) => {
  expect(refusals(ruleCase)).toEqual([]);
});

test.each(refuses)('a %s is refused: %s', (_kind, _name, ruleCase) => {
  expect(refusals(ruleCase)).toEqual(
    ruleCase.refused.map(([field, message]) => [field, expect.stringContaining(message)]),
  );
});
