import { isObject, own } from '../json.ts';
import { ANYTHING, isAtomicMap, itemSchema, listType, memberSchema, type Schema } from '../schema.ts';
import { type FieldSet, FieldSetBuilder } from './field-set.ts';
import { asList, asMap, kindOf } from './kind-of-value.ts';
import { itemElement, memberElement, type PathElement } from './path-element.ts';

/**
 * The fields that an applied configuration claims: its leaves, the items of its lists, the keys of its maps. Structs
 * (members that the schema names) are claimed only when they are empty.
 */
export function toFieldSet(schema: Schema, value: unknown): FieldSet {
  const builder = new FieldSetBuilder();
  walk(schema, value, [], builder);
  return builder.build();
}

function walk(schema: Schema, value: unknown, path: PathElement[], into: FieldSetBuilder): void {
  const kind = kindOf(schema, value);
  if (kind === 'map' && !isAtomicMap(schema)) walkMembers(schema, asMap(value), path, into);
  else if (kind === 'list' && listType(schema) !== 'atomic') walkItems(schema, asList(value), path, into);
  else if (path.length > 0) into.insert(path);
}

function walkMembers(
  schema: Schema,
  object: Record<string, unknown>,
  path: PathElement[],
  into: FieldSetBuilder,
): void {
  for (const [key, value] of Object.entries(object)) {
    const inner = [...path, memberElement(key)];
    walk(memberSchema(schema, key) ?? ANYTHING, value, inner, into);
    const empty = value === null || (isObject(value) && Object.keys(value).length === 0);
    if (empty || own(schema.properties, key) === undefined) into.insert(inner);
  }
}

function walkItems(schema: Schema, list: unknown[], path: PathElement[], into: FieldSetBuilder): void {
  for (const item of list) {
    const inner = [...path, itemElement(schema, item)];
    walk(itemSchema(schema), item, inner, into);
    into.insert(inner);
  }
}
