import { isObject, type JsonObject, put } from '../json.ts';
import { type FieldSet, isEmptySet } from './field-set.ts';
import { compareElements, type PathElement } from './path-element.ts';

/**
 * Reads the `fieldsV1` of a managedFields entry. An element with `{}` is a path that ends there; `.` beside others
 * says that the element itself is in the set too.
 *
 * @throws TypeError when it is not FieldsV1
 */
export function parseFieldsV1(value: unknown): FieldSet {
  if (!isObject(value)) throw new TypeError('FieldsV1 is not an object');
  const members = new Set<PathElement>();
  const children = new Map<PathElement, FieldSet>();
  for (const [key, child] of Object.entries(value)) {
    if (key === '.') continue;
    if (!/^[fkvi]:/.test(key)) throw new TypeError(`FieldsV1 has the unknown key ${JSON.stringify(key)}`);
    if (!isObject(child)) throw new TypeError(`FieldsV1 has no object at ${JSON.stringify(key)}`);
    const names = Object.keys(child);
    if (names.length === 0 || Object.hasOwn(child, '.')) members.add(key);
    if (names.some((name) => name !== '.')) children.set(key, parseFieldsV1(child));
  }
  return { members, children };
}

/** Writes a set as the `fieldsV1` of a managedFields entry. */
export function formatFieldsV1(set: FieldSet): JsonObject {
  const elements = new Set<PathElement>(set.members);
  for (const [element, child] of set.children) if (!isEmptySet(child)) elements.add(element);
  const result: JsonObject = {};
  for (const element of [...elements].sort(compareElements)) {
    const child = set.children.get(element);
    const inner = child === undefined ? {} : formatFieldsV1(child);
    const both = set.members.has(element) && Object.keys(inner).length > 0;
    put(result, element, both ? { '.': {}, ...inner } : inner);
  }
  return result;
}
