import { describe, expect, it } from 'vitest';
import { validateCustomResourceDefinition } from '../../src/apimachinery/crd/custom-resource-definition.ts';
import type { FieldError } from '../../src/apimachinery/field-error.ts';
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { applyMergePatch } from '../../src/apimachinery/patch/merge.ts';
import type { Schema } from '../../src/apimachinery/schema.ts';
import { validateSchemaDefinition } from '../../src/apimachinery/structural.ts';
import { causes, recording, sorted, step } from './recordings.ts';

describe.each(['crd-invalid', 'crd-invalid-cel'])('validateCustomResourceDefinition(), as in %s', (name) => {
  const steps = recording(name);
  it.each(steps.map((one) => [one.name, one] as const))('answers %s as the real server', (_, one) => {
    const spec = one.body['spec'] as { versions: { name: string; storage: boolean }[] };
    // The registry notes the storage version before it validates: the last one that says it is.
    const storage = spec.versions.findLast((version) => version.storage)?.name;
    const storedVersions =
      one.name === 'two-storage-versions' ? ['v1'] : storage === undefined ? [] : [storage];
    const errors = validateCustomResourceDefinition({ ...one.body, status: { storedVersions } });
    const wanted = one.status === 422 ? causes(one.answer) : [];
    if (one.loose.length === 0) expect(sorted(errors)).toEqual(wanted);
    else expect(sorted(errors).map(place).sort()).toEqual(wanted.map(place).sort());
  });
  const place = ({ reason, field }: FieldError) => `${reason} ${field}`;
});

describe('validateCustomResourceDefinition() of changes, as in crd-update', () => {
  const steps = recording('crd-update');
  const established = {
    ...step(steps, 'crd').body,
    status: { storedVersions: ['v1'], conditions: [{ type: 'Established', status: 'True' }] },
  };
  it.each(['change-scope', 'change-group', 'remove-stored-version'])('%s', (name) => {
    const { body, answer } = step(steps, name);
    const errors = validateCustomResourceDefinition(
      applyMergePatch(established, body) as JsonObject,
      established,
    );
    const recorded = causes(answer);
    // v2 is the storage version of the patch, noted by the registry.
    const own = errors.filter((error) => !error.message.includes('must have the storage version'));
    expect(sorted(own)).toEqual(recorded);
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
