import { clone, isObject, type JsonObject, put } from '../json.ts';

/**
 * RFC 7386: members of the patch replace those of the document, null removes them, lists are replaced whole.
 *
 * @returns a new document; the given ones are left as they are
 */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return clone(patch);
  const result: JsonObject = isObject(document) ? { ...document } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else put(result, key, applyMergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}
