import { isObject, type JsonObject } from '../object.ts';

/** The object at a member of a draft, created when it is missing, to be filled in. */
export function child(parent: JsonObject, key: string): JsonObject {
  const found = parent[key];
  if (isObject(found)) return found;
  const made: JsonObject = {};
  parent[key] = made;
  return made;
}

/** Sets members that are missing. */
export function fill(target: JsonObject, defaults: JsonObject): void {
  for (const [key, value] of Object.entries(defaults)) if (target[key] === undefined) target[key] = value;
}

/** The objects of a list, to be filled in. */
export function items(parent: JsonObject, key: string): JsonObject[] {
  const found = parent[key];
  return Array.isArray(found) ? found.filter(isObject) : [];
}
