import { clone, isObject, type JsonObject, put, sameJson } from '../json.ts';
import { ANYTHING, itemSchema, memberSchema, patchStrategies, type Schema } from '../schema.ts';
import { type MergeKey, mergeInOrder, orderBy, sameItem } from './element-order.ts';
import { PatchError } from './patch-error.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList/';
const SET_ORDER = '$setElementOrder/';

/**
 * Kubernetes' strategic merge patch: like a merge patch, but lists of the schema that have a merge key are merged
 * item by item, and directives in the patch say what to delete, replace, retain and in which order.
 *
 * @param schema of the document, with patch strategies: `builtinSchema()`; custom resources have none
 * @returns a new document; the given ones are left as they are
 * @throws PatchError 500 when an item has no merge key, 400 when a directive is not one
 */
export function applyStrategicMergePatch(document: unknown, patch: unknown, schema: Schema): unknown {
  if (!isObject(patch)) throw new PatchError(400, 'Invalid JSON Patch');
  return mergeMaps(isObject(document) ? clone(document) : {}, clone(patch), schema);
}

function mergeMaps(original: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive !== undefined) {
    delete patch[DIRECTIVE];
    if (directive === 'replace') return patch;
    if (directive === 'delete') return {};
    if (directive !== 'merge') throw unknownDirective(directive);
  }
  const retained = retainKeys(original, patch);
  mergeOrderedLists(retained, patch, schema);
  for (const [patchKey, value] of Object.entries(patch)) {
    const deletes = patchKey.startsWith(DELETE_FROM_LIST);
    const key = deletes ? patchKey.slice(DELETE_FROM_LIST.length) : patchKey;
    mergeMember(retained, { key, value, deletes }, schema);
  }
  return retained;
}

interface MemberPatch {
  readonly key: string;
  readonly value: unknown;
  /** Whether the value lists primitives to delete. */
  readonly deletes: boolean;
}

function mergeMember(original: JsonObject, { key, value, deletes }: MemberPatch, schema: Schema): void {
  const member = memberSchema(schema, key);
  const present = Object.hasOwn(original, key) ? original[key] : undefined;
  if (value === null) delete original[key];
  else if (present === undefined) {
    if (!deletes) put(original, key, withoutDirectives(value));
  } else if (isObject(value) && isObject(present)) {
    const replace = patchStrategies(member).includes('replace');
    put(original, key, replace ? value : mergeMaps(present, value, member ?? ANYTHING));
  } else if (Array.isArray(value) && Array.isArray(present)) {
    put(
      original,
      key,
      deletes ? deleteItems(present, value) : mergeLists(present, value, member ?? ANYTHING),
    );
  } else if (!deletes) put(original, key, withoutDirectives(value));
}

/** `$retainKeys` names all members that the result may have: a union's other members go. */
function retainKeys(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return original;
  delete patch[RETAIN_KEYS];
  if (!Array.isArray(keys)) throw new PatchError(400, 'invalid patch format of retainKeys directive');
  const extra = Object.keys(patch).filter(
    (key) => !key.startsWith('$') && patch[key] !== null && !keys.includes(key),
  );
  if (extra.length > 0) throw new PatchError(400, 'patch contains fields not in the retainKeys list');
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

function mergeKeyOf(schema: Schema): MergeKey {
  return schema['x-kubernetes-patch-merge-key'];
}

/** Lists whose order the patch gives with `$setElementOrder/list`; takes them out of the patch. */
function mergeOrderedLists(original: JsonObject, patch: JsonObject, schema: Schema): void {
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(SET_ORDER)) continue;
    delete patch[directive];
    if (!Array.isArray(order)) throw new PatchError(400, 'invalid patch format of setElementOrder directive');
    const key = directive.slice(SET_ORDER.length);
    const list = memberSchema(schema, key) ?? ANYTHING;
    const [live, changes] = [original[key], patch[key]];
    if (!Array.isArray(live) && !Array.isArray(changes)) continue;
    delete patch[key];
    const merged = mergeLists(asList(live), asList(changes), list);
    const mergeKey = mergeKeyOf(list);
    const named = merged.filter((item) => order.some((other) => sameItem(item, other, mergeKey)));
    const others = merged.filter((item) => !named.includes(item));
    const deletions = patch[`${DELETE_FROM_LIST}${key}`];
    const ordered = mergeInOrder(others, orderBy(named, order, mergeKey), { order: asList(live), mergeKey });
    put(original, key, Array.isArray(deletions) ? deleteItems(ordered, deletions) : ordered);
  }
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function mergeLists(original: unknown[], patch: unknown[], schema: Schema): unknown[] {
  if (!patchStrategies(schema).includes('merge')) return patch.map(withoutDirectives);
  if (patch.length === 0) return original;
  const items = [...original, ...patch];
  if (!items.some((item) => isObject(item))) return mergePrimitives(original, patch);
  const mergeKey = mergeKeyOf(schema);
  if (mergeKey === undefined) throw new PatchError(500, 'cannot merge lists without merge key');
  return mergeItems(original, patch, { schema: itemSchema(schema), mergeKey });
}

function mergePrimitives(original: unknown[], patch: unknown[]): unknown[] {
  const wanted = patch.filter((item, i) => patch.findIndex((other) => sameJson(item, other)) === i);
  const others = original.filter((item) => !wanted.some((other) => sameJson(item, other)));
  return mergeInOrder(others, wanted, { order: original, mergeKey: undefined });
}

function deleteItems(original: unknown[], gone: unknown[]): unknown[] {
  return original.filter((item) => !gone.some((other) => sameJson(item, other)));
}

function mergeItems(
  original: unknown[],
  patch: unknown[],
  { schema, mergeKey }: { schema: Schema; mergeKey: string },
): unknown[] {
  const { live, changes, replaced } = carryOutDirectives(original, patch, mergeKey);
  if (replaced) return changes;
  const merged = [...live];
  for (const change of changes) {
    keyValue(change, mergeKey);
    const at = merged.findIndex((item) => sameItem(item, change, mergeKey));
    const present = merged[at];
    if (isObject(present) && isObject(change)) merged[at] = mergeMaps(present, change, schema);
    else merged.push(withoutDirectives(change));
  }
  const named = merged.filter((item) => changes.some((change) => sameItem(item, change, mergeKey)));
  const others = merged.filter((item) => !named.includes(item));
  return mergeInOrder(others, orderBy(named, changes, mergeKey), { order: original, mergeKey });
}

/** Items of the patch that carry `$patch`: delete the item with that key, or replace the list by the others. */
function carryOutDirectives(original: unknown[], patch: unknown[], mergeKey: string) {
  let live = original;
  let replaced = false;
  const changes: unknown[] = [];
  for (const item of patch) {
    const directive = isObject(item) ? item[DIRECTIVE] : undefined;
    if (directive === undefined) changes.push(item);
    else if (directive === 'delete') {
      keyValue(item, mergeKey);
      live = live.filter((other) => !sameItem(other, item, mergeKey));
    } else if (directive === 'replace') replaced = true;
    else if (directive === 'merge') throw new PatchError(400, 'cannot specify $patch: merge in a list');
    else throw unknownDirective(directive);
  }
  return { live, changes, replaced };
}

function keyValue(item: unknown, mergeKey: string): unknown {
  if (isObject(item) && Object.hasOwn(item, mergeKey)) return item[mergeKey];
  throw new PatchError(500, `map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`);
}

function goMap(value: unknown): string {
  if (!isObject(value)) return `${value}`;
  const members = Object.entries(value).map(([key, item]) => `${key}:${goMap(item)}`);
  return `map[${members.join(' ')}]`;
}

/** What is added has no directives and no nulls, which only speak about what is there already. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !(isObject(item) && Object.hasOwn(item, DIRECTIVE))).map(withoutDirectives);
  }
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const directive =
      key === DIRECTIVE ||
      key === RETAIN_KEYS ||
      key.startsWith(DELETE_FROM_LIST) ||
      key.startsWith(SET_ORDER);
    if (!directive && item !== null) put(kept, key, withoutDirectives(item));
  }
  return kept;
}

function unknownDirective(directive: unknown): PatchError {
  return new PatchError(500, `Unknown patch type: ${String(directive)} is not a valid value for $patch`);
}
