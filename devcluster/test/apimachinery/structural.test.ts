import { describe, expect, it } from 'vitest';
import type { Schema } from '../../src/apimachinery/schema.ts';
import { schemaPath, validateSchemaDefinition } from '../../src/apimachinery/structural.ts';
import { causes, recording, sorted } from './recordings.ts';

interface Crd {
  readonly spec: { readonly versions: readonly { readonly schema?: { readonly openAPIV3Schema: Schema } }[] };
}

/** Refused for something else than the schema of one version. */
const OF_THE_SERVER =
  /^(no-schema|two-storage|no-storage|name-is|preserve-unknown-fields-true|bad-scope|bad-printer|bad-scale|bad-selectable|unknown-schema|put-)/;
/** Costs are not estimated. */
const OF_COSTS = /too-costly/;

describe.each(['crd-invalid', 'crd-invalid-cel'])('validateSchemaDefinition(), as in %s', (name) => {
  const steps = recording(name).filter((one) => !OF_THE_SERVER.test(one.name) && !OF_COSTS.test(one.name));
  it.each(steps.map((one) => [one.name, one] as const))('answers %s as the real server', (_, one) => {
    const schema = (one.body as unknown as Crd).spec.versions[0]?.schema?.openAPIV3Schema ?? {};
    const errors = validateSchemaDefinition(schema, schemaPath(true, 0));
    const wanted = one.status === 422 ? causes(one.answer) : [];
    if (one.loose.length === 0) expect(sorted(errors)).toEqual(wanted);
    else
      expect(sorted(errors).map(({ reason, field }) => [reason, field])).toEqual(
        wanted.map(({ reason, field }) => [reason, field]),
      );
  });
});

describe('validateSchemaDefinition() of rules', () => {
  const withRule = (rule: string): Schema => ({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: { a: { type: 'integer' } },
        'x-kubernetes-validations': [{ rule }],
      },
    },
  });

  it('says where a rule names a field that is not there, in the words of cel-go', () => {
    expect(validateSchemaDefinition(withRule('self.nope > 1'), 'p')[0]?.message).toContain(
      "compilation failed: ERROR: <input>:1:5: undefined field 'nope'\n | self.nope > 1\n | ....^",
    );
  });

  it('takes rules on the name of the resource at the root', () => {
    const schema: Schema = {
      type: 'object',
      'x-kubernetes-validations': [{ rule: "self.metadata.name.startsWith('a')" }],
    };
    expect(validateSchemaDefinition(schema, 'p')).toEqual([]);
  });
});
