import { duplicateValue, type FieldError } from '../field-error.ts';
import { canonicalJson, isObject, type JsonObject, own, sameJson } from '../json.ts';
import { itemSchema, listType, type Schema } from '../schema.ts';
import { childPath, type Place } from './validate-schema.ts';

/** The values of a keyed item's keys, defaults filled in. */
export function keysOf(list: Schema, item: unknown): JsonObject {
  const keys: JsonObject = {};
  for (const key of list['x-kubernetes-list-map-keys'] ?? []) {
    const value =
      (isObject(item) ? own(item, key) : undefined) ?? own(itemSchema(list).properties, key)?.default;
    if (value !== undefined) keys[key] = value;
  }
  return keys;
}

/** Refuses items that stand twice in a set, or under the same keys in a map-list. */
export function validateListTypes(schema: Schema, value: unknown, { path, old }: Place): FieldError[] {
  if (old !== undefined && sameJson(value, old)) return [];
  if (Array.isArray(value)) {
    return [
      ...duplicates(schema, value, path),
      ...value.flatMap((item, i) => validateListTypes(itemSchema(schema), item, { path: `${path}[${i}]` })),
    ];
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const extra = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const member = own(schema.properties, key) ?? extra;
    if (member === undefined) return [];
    const before = isObject(old) ? own(old, key) : undefined;
    return validateListTypes(member, item, { path: childPath(path, key), old: before });
  });
}

function duplicates(schema: Schema, list: unknown[], path: string): FieldError[] {
  const type = listType(schema);
  if (type === 'atomic') return [];
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, item] of list.entries()) {
    const identity = type === 'map' ? keysOf(schema, item) : item;
    const text = canonicalJson(identity);
    if (seen.has(text)) errors.push(duplicateValue(`${path}[${i}]`, identity));
    seen.add(text);
  }
  return errors;
}
