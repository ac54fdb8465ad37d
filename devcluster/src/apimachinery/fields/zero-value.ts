import { isObject, type JsonObject, put } from '../json.ts';
import { itemSchema, memberSchema, type Schema } from '../schema.ts';

/**
 * What Go writes for an empty value of a built-in type: its structs without pointer, and null for lists without
 * `omitempty`. A create compares with it, so that a first write adds `.spec.template.spec.containers[name="c"]` but
 * not the structs around it.
 */
export function zeroValue(schema: Schema): JsonObject {
  const zero: JsonObject = {};
  for (const [key, kind] of Object.entries(schema.alwaysPresent ?? {})) {
    const member = memberSchema(schema, key);
    put(zero, key, kind === 'nil' || member === undefined ? null : zeroValue(member));
  }
  return zero;
}

/**
 * The value as a built-in type's decoder and encoder leave it: nulls, empty lists and empty maps are gone (they are
 * all `omitempty`), structs that Go always writes are there. Members that the schema does not know are gone, too.
 * Scalars stay as they are: whether Go leaves a zero out depends on a pointer that the schema does not show.
 */
export function asGoWrites(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => asGoWrites(itemSchema(schema), item));
  if (!isObject(value)) return value;
  const written: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const member = memberSchema(schema, key);
    if (member === undefined || (item === null && !isOpaque(member))) continue;
    const inner = asGoWrites(member, item);
    if (!isEmptyCollection(member, inner)) put(written, key, inner);
  }
  for (const [key, kind] of Object.entries(schema.alwaysPresent ?? {})) {
    const member = memberSchema(schema, key);
    if (kind === 'struct' && member !== undefined && !Object.hasOwn(written, key)) {
      put(written, key, asGoWrites(member, {}));
    }
  }
  return written;
}

function isEmptyCollection(schema: Schema, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0 && schema.type === 'array';
  return isObject(value) && Object.keys(value).length === 0 && schema.additionalProperties !== undefined;
}

/** A raw value (`any` in Go), which is carried as it is. */
function isOpaque(schema: Schema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}
