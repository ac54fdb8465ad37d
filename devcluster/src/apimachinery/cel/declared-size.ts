import type { Schema } from '../schema.ts';

/*
 * How large a value of a schema can be, as Kubernetes reckons it when it estimates what a rule costs: by the limits
 * that the schema declares, or else by what fits into one request. Numbers from k8s.io/apiserver pkg/cel.
 */

const MAX_REQUEST_BYTES = 3 * 1024 * 1024;

/** Characters of a string, items of a list, members of a map; 0 for values that have no length. */
export function maxElements(schema: Schema): number {
  if (schema['x-kubernetes-int-or-string'] === true) return textLength(schema);
  switch (schema.type) {
    case 'string':
      return textLength(schema);
    case 'array':
      return (
        schema.maxItems ?? Math.floor((MAX_REQUEST_BYTES - 2) / (minSerializedSize(schema.items ?? {}) + 1))
      );
    case 'object': {
      const { additionalProperties: extra, maxProperties } = schema;
      if (typeof extra !== 'object') return 0;
      return maxProperties ?? Math.floor((MAX_REQUEST_BYTES - 2) / (minSerializedSize(extra) + 6));
    }
    default:
      return 0;
  }
}

function textLength(schema: Schema): number {
  // A limit counts characters, of up to four bytes each.
  if (schema.maxLength !== undefined) return schema.maxLength * (schema.format === 'byte' ? 1 : 4);
  if (schema.enum !== undefined && schema.enum.length > 0) {
    return Math.max(...schema.enum.map((value) => (typeof value === 'string' ? value.length : 0)));
  }
  switch (schema.format) {
    case 'duration':
    case 'date-time':
      return 32;
    case 'date':
      return 12;
    default:
      return MAX_REQUEST_BYTES - 2;
  }
}

const MIN_TEXT_SIZES: Readonly<Record<string, number>> = { duration: 3, date: 12, 'date-time': 21 };

/** The fewest bytes that a value takes in a request. */
function minSerializedSize(schema: Schema): number {
  if (schema['x-kubernetes-int-or-string'] === true) return 1;
  switch (schema.type) {
    case 'string':
      return MIN_TEXT_SIZES[schema.format ?? ''] ?? 2;
    case 'boolean':
      return 4;
    case 'integer':
    case 'number':
      return 1;
    case 'object':
      return typeof schema.additionalProperties === 'object' ? 2 : structSize(schema);
    default:
      return 2;
  }
}

function structSize(schema: Schema): number {
  let size = 2;
  for (const name of schema.required ?? []) {
    const property = schema.properties?.[name];
    if (property !== undefined && property.default === undefined) {
      size += name.length + minSerializedSize(property) + 4;
    }
  }
  return size;
}

/** How often a value may stand in one object, when no list or map around it has a limit. */
export function maxOccurrences(schema: Schema): number {
  return Math.floor(MAX_REQUEST_BYTES / (minSerializedSize(schema) + 1));
}

/** By how much a schema multiplies what is in it; undefined when it declares no limit. */
export function multiplicity(schema: Schema): number | undefined {
  if (schema.type === 'array') return schema.maxItems;
  if (schema.type === 'object' && schema.additionalProperties !== undefined) return schema.maxProperties;
  return 1;
}
