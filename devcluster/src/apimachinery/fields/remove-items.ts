import { isObject, put } from '../json.ts';
import { ANYTHING, isAtomicMap, itemSchema, listType, memberSchema, type Schema } from '../schema.ts';
import { below, type FieldSet, isEmptySet } from './field-set.ts';
import { itemElement, memberElement } from './path-element.ts';

/** The value without the paths of the set; undefined when nothing is left of a map or list. */
export function removeItems(schema: Schema, value: unknown, remove: FieldSet): unknown {
  if (isObject(value)) return removeMembers(schema, value, remove);
  if (Array.isArray(value)) return removeListItems(schema, value, remove);
  return value;
}

function removeMembers(schema: Schema, object: Record<string, unknown>, remove: FieldSet): unknown {
  if (isAtomicMap(schema)) return undefined;
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    const element = memberElement(key);
    if (remove.members.has(element)) continue;
    const inner = below(remove, element);
    const member = memberSchema(schema, key) ?? ANYTHING;
    const rest = isEmptySet(inner) ? value : removeItems(member, value, inner);
    if (rest !== undefined) put(kept, key, rest);
  }
  return Object.keys(kept).length > 0 ? kept : undefined;
}

function removeListItems(schema: Schema, list: unknown[], remove: FieldSet): unknown {
  if (listType(schema) === 'atomic') return undefined;
  const kept: unknown[] = [];
  for (const item of list) {
    const element = itemElement(schema, item);
    if (remove.members.has(element)) continue;
    const inner = below(remove, element);
    kept.push(isEmptySet(inner) ? item : removeItems(itemSchema(schema), item, inner));
  }
  return kept.length > 0 ? kept : undefined;
}
