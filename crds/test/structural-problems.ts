import type { StructuralSchema } from '../src/structural.ts';

const KEYWORDS = new Set([
  ...['type', 'description', 'format', 'properties', 'additionalProperties', 'items', 'required', 'enum'],
  ...['pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'maxProperties'],
  ...['x-kubernetes-validations', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys'],
]);

/**
 * What keeps a schema from being structural, or its CEL rules from an affordable estimate: the rules of the
 * apiextensions documentation as far as our schemas can break them, and two of our own (no defaults, a limit on
 * everything).
 */
export function structuralProblems(schema: StructuralSchema, path = '', inAtomicList = false): string[] {
  const here = (problem: string) => `${path || '(root)'}: ${problem}`;
  const problems = Object.keys(schema)
    .filter((word) => !KEYWORDS.has(word))
    .map((word) => here(`keyword ${word}`));
  if (schema.type === undefined) problems.push(here('no type'));
  if (schema.properties !== undefined && schema.additionalProperties !== undefined)
    problems.push(here('properties beside additionalProperties'));
  problems.push(...unlimited(schema).map(here), ...listProblems(schema).map(here));
  if (inAtomicList && JSON.stringify(schema['x-kubernetes-validations'] ?? '').includes('oldSelf'))
    problems.push(here('a transition rule in a list that is not a map'));
  const atomicBelow = inAtomicList || (schema.type === 'array' && schema['x-kubernetes-list-type'] !== 'map');
  return [
    ...problems,
    ...children(schema).flatMap(([name, child]) => structuralProblems(child, `${path}.${name}`, atomicBelow)),
  ];
}

function children(schema: StructuralSchema): [string, StructuralSchema][] {
  const found = Object.entries(schema.properties ?? {});
  if (schema.items !== undefined) found.push(['[]', schema.items]);
  if (schema.additionalProperties !== undefined) found.push(['{}', schema.additionalProperties]);
  return found;
}

function unlimited(schema: StructuralSchema): string[] {
  const limits: Record<string, string[]> = {
    string: ['maxLength', 'enum'],
    array: ['maxItems'],
    integer: ['format'],
  };
  const wanted = schema.additionalProperties === undefined ? limits[schema.type ?? ''] : ['maxProperties'];
  return wanted === undefined || wanted.some((word) => word in schema) ? [] : [`no ${wanted.join(' or ')}`];
}

function listProblems(schema: StructuralSchema): string[] {
  if (schema.type !== 'array') return [];
  const { items } = schema;
  if (items === undefined) return ['no items'];
  switch (schema['x-kubernetes-list-type']) {
    case 'atomic':
      return [];
    case 'set':
      return ['object', 'array'].includes(items.type ?? '') ? ['a set of what is not scalar'] : [];
    case 'map': {
      const keys = schema['x-kubernetes-list-map-keys'];
      if (!Array.isArray(keys) || keys.length === 0) return ['a map without keys'];
      return keys
        .filter((key) => !items.required?.includes(String(key)))
        .map((key) => `key ${key} is optional`);
    }
    default:
      return ['no list type'];
  }
}
