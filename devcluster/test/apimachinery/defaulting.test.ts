import { describe, expect, it } from 'vitest';
import { applyDefaults } from '../../src/apimachinery/defaulting.ts';
import type { Schema } from '../../src/apimachinery/schema.ts';
import { recording, step } from './recordings.ts';

describe('applyDefaults(), as in crd-defaults', () => {
  const steps = recording('crd-defaults');
  const crd = step(steps, 'crd').body as {
    spec?: { versions?: { schema?: { openAPIV3Schema?: Schema } }[] };
  };
  const schema = crd.spec?.versions?.[0]?.schema?.openAPIV3Schema ?? {};

  it.each(['empty', 'nested', 'nulls'])('fills in what is missing: %s', (name) => {
    const { body, answer } = step(steps, name);
    expect(applyDefaults(schema, body)).toMatchObject({ spec: answer['spec'] });
  });

  it('leaves the given object as it is, and gives every object a default of its own', () => {
    const shared: Schema = { type: 'object', properties: { a: { type: 'object', default: { list: [] } } } };
    const input = {};
    const [one, two] = [applyDefaults(shared, input), applyDefaults(shared, input)] as [
      { a: unknown },
      { a: unknown },
    ];
    expect(input).toEqual({});
    expect(one.a).toEqual({ list: [] });
    expect(one.a).not.toBe(two.a);
  });

  it('drops null where the schema does not allow it, and keeps it where it does', () => {
    const nullable: Schema = {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string', nullable: true } },
    };
    expect(applyDefaults(nullable, { a: null, b: null })).toEqual({ b: null });
  });
});
