import { describe, expect, it } from 'vitest';
import { applyDefaults } from '../../src/apimachinery/defaulting.ts';
import type { JsonObject } from '../../src/apimachinery/json.ts';
import type { Schema } from '../../src/apimachinery/schema.ts';
import { validate } from '../../src/apimachinery/validate.ts';
import { causes, recording, type Step, sorted, step } from './recordings.ts';

interface Crd {
  readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
}

function schemaOf(steps: readonly Step[]): Schema {
  const crd = step(steps, 'crd').body as unknown as Crd;
  const schema = crd.spec.versions[0]?.schema.openAPIV3Schema;
  if (schema === undefined) throw new Error('the CRD has no schema');
  return schema;
}

/** Steps whose refusal is the schema's; the rest (names, kinds, decoding) is the server's. */
const OF_THE_SERVER = ['bad-metadata-name', 'wrong-kind', 'wrong-version', 'no-kind', 'bad-metadata-type'];

describe.each(['crd-validation', 'crd-cel', 'crd-one-of-with-properties', 'crd-pruning'])(
  'validate(), as in %s',
  (name) => {
    const steps = recording(name);
    const schema = schemaOf(steps);
    const creates = steps.filter(
      (one) =>
        one.method === 'POST' &&
        one.name !== 'crd' &&
        !OF_THE_SERVER.includes(one.name) &&
        one.status !== 400,
    );
    it.each(creates.map((one) => [one.name, one] as const))('answers %s as the real server', (_, one) => {
      const errors = validate(schema, applyDefaults(schema, one.body));
      expect(sorted(errors)).toEqual(one.status === 422 ? causes(one.answer) : []);
    });
  },
);

describe('validate() of changes', () => {
  const steps = recording('crd-cel');
  const schema = schemaOf(steps);
  const live = step(steps, 'ok').body;
  const changed = (spec: JsonObject) => ({ ...live, spec: { ...(live['spec'] as JsonObject), ...spec } });

  it('compares with the old value in transition rules', () => {
    const errors = validate(schema, changed({ name: 'other' }), { old: live });
    expect(sorted(errors)).toEqual(causes(step(steps, 'transition-rule').answer));
  });

  it('skips the transition rule of a field that was not there before', () => {
    const { name: _, ...withoutName } = live['spec'] as JsonObject;
    expect(validate(schema, live, { old: { ...live, spec: withoutName } })).toEqual([]);
  });

  it('sees a removed field in the rule of its parent', () => {
    const { once: _, ...withoutOnce } = live['spec'] as JsonObject;
    const errors = validate(schema, { ...live, spec: withoutOnce }, { old: live });
    expect(sorted(errors)).toEqual(causes(step(steps, 'old-self-on-parent').answer));
  });

  it('does not refuse what did not change, and does refuse what did', () => {
    const strict: Schema = {
      type: 'object',
      properties: { a: { type: 'string', maxLength: 3 }, b: { type: 'string' } },
    };
    const old = { a: 'long-value', b: 'x' };
    expect(validate(strict, { a: 'long-value', b: 'y' }, { old })).toEqual([]);
    expect(validate(strict, { a: 'other-long', b: 'x' }, { old })).toEqual([
      { reason: 'FieldValueTooLong', field: 'a', message: 'Too long: may not be more than 3 bytes' },
    ]);
  });

  it('correlates items of keyed lists by their keys, wherever they stand', () => {
    const list: Schema = {
      type: 'object',
      properties: {
        l: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, v: { type: 'integer' } },
            'x-kubernetes-validations': [{ rule: 'self.v >= oldSelf.v', message: 'v may only grow' }],
          },
        },
      },
    };
    const old = {
      l: [
        { name: 'a', v: 1 },
        { name: 'b', v: 2 },
      ],
    };
    expect(
      validate(
        list,
        {
          l: [
            { name: 'b', v: 3 },
            { name: 'a', v: 1 },
            { name: 'c', v: 0 },
          ],
        },
        { old },
      ),
    ).toEqual([]);
    expect(validate(list, { l: [{ name: 'b', v: 1 }] }, { old })).toEqual([
      { reason: 'FieldValueInvalid', field: 'l[0]', message: 'Invalid value: v may only grow' },
    ]);
  });
});
