import fc from 'fast-check';

/** The part of a CustomResourceDefinition's schema that says which values there are. */
export type Schema = {
  type?: string;
  enum?: unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  'x-kubernetes-int-or-string'?: boolean;
};

const text = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);

/** Reading a pattern takes a while. */
const known = new WeakMap<Schema, fc.Arbitrary<unknown>>();

/** Values of this schema. Rules across members (CEL) are the API server's to check. */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  const values = known.get(schema) ?? build(schema);
  known.set(schema, values);
  return values;
}

function build(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema['x-kubernetes-int-or-string'])
    return fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom('1', '250m'));
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 10_000, 2 ** 31 - 1) });
    case 'string':
      return strings(schema);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, Math.max(3, schema.minItems ?? 0)),
      });
    default:
      return objects(schema);
  }
}

function strings({ pattern, minLength = 0, maxLength = 253 }: Schema): fc.Arbitrary<string> {
  const any = pattern === undefined ? text : fc.stringMatching(new RegExp(pattern), { size: '-1' });
  return any.filter((value) => value.length >= minLength && value.length <= maxLength);
}

function objects({ properties, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
  if (properties === undefined) {
    const values = typeof additionalProperties === 'object' ? valuesOf(additionalProperties) : text;
    return fc.dictionary(text, values, { maxKeys: 2 });
  }
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, valuesOf(schema)]),
  );
  return fc.record(members, { requiredKeys: required });
}

/** A step from one spec to another: one member, at any depth, gets another value or goes. */
export function changesOf(schema: Schema): fc.Arbitrary<(spec: object) => object> {
  const names = Object.keys(schema.properties ?? {});
  return fc.constantFrom(...names).chain((name) => {
    const member = schema.properties?.[name] ?? {};
    const replaced = valuesOf(member).map((value) => (spec: object) => ({ ...spec, [name]: value }));
    const removed = fc.constant((spec: object) =>
      Object.fromEntries(Object.entries(spec).filter(([key]) => key !== name)),
    );
    const ways: fc.Arbitrary<(spec: object) => object>[] = [replaced];
    if (!schema.required?.includes(name)) ways.push(removed);
    if (member.properties !== undefined) {
      const deeper = changesOf(member).map((change) => (spec: object) => {
        const inner = (spec as Record<string, object | undefined>)[name];
        return inner === undefined ? spec : { ...spec, [name]: change(inner) };
      });
      ways.push(deeper, deeper, deeper);
    }
    return fc.oneof(...ways);
  });
}
