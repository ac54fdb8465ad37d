import { isObject, own, put } from '../json.ts';
import { ANYTHING, isAtomicMap, itemSchema, listType, memberSchema, type Schema } from '../schema.ts';
import { asList, asMap, kindOf } from './kind-of-value.ts';
import { itemElement, type PathElement } from './path-element.ts';

/**
 * Merges an applied configuration into the live object: leaves are replaced, maps and keyed lists merged. In lists
 * the order of the applied configuration wins for its own items; live items keep their place among them.
 */
export function mergeApply(schema: Schema, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live;
  if (live === undefined) return applied;
  const kind = kindOf(schema, applied, live);
  if (kind !== kindOf(schema, live, applied)) return applied;
  if (kind === 'map' && !isAtomicMap(schema) && !(isEmptyMap(live) && isEmptyMap(applied))) {
    return mergeMembers(schema, asMap(live), asMap(applied));
  }
  if (kind === 'list' && listType(schema) !== 'atomic' && asList(live).length + asList(applied).length > 0) {
    return mergeItems(schema, asList(live), asList(applied));
  }
  return applied;
}

function isEmptyMap(value: unknown): boolean {
  return !isObject(value) || Object.keys(value).length === 0;
}

type Members = Record<string, unknown>;

function mergeMembers(schema: Schema, live: Members, applied: Members): Members {
  const merged: Members = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(applied)])) {
    put(merged, key, mergeApply(memberSchema(schema, key) ?? ANYTHING, own(live, key), own(applied, key)));
  }
  return merged;
}

interface Indexed {
  readonly elements: PathElement[];
  readonly items: unknown[];
  /** The item of each element; null for one that stands there twice, which is not merged with. */
  readonly byElement: Map<PathElement, unknown>;
}

function index(schema: Schema, items: unknown[]): Indexed {
  const elements = items.map((item) => itemElement(schema, item));
  const byElement = new Map<PathElement, unknown>();
  for (const [i, element] of elements.entries())
    byElement.set(element, byElement.has(element) ? null : items[i]);
  return { elements, items, byElement };
}

/** The order that structured-merge-diff gives (`visitListItems` in its merge.go), which clients see. */
function mergeItems(schema: Schema, liveItems: unknown[], appliedItems: unknown[]): unknown[] {
  const live = index(schema, liveItems);
  const applied = index(schema, appliedItems);
  const shared = applied.elements.filter((element) => live.byElement.has(element));
  const merged: unknown[] = [];
  const done = new Set<PathElement>();
  const takeApplied = (element: PathElement) => {
    done.add(element);
    const [l, r] = [live.byElement.get(element), applied.byElement.get(element)];
    merged.push(mergeApply(itemSchema(schema), l ?? undefined, r));
  };
  for (let l = 0, r = 0; l < live.elements.length || r < applied.elements.length; ) {
    const left = live.elements[l];
    const right = applied.elements[r];
    if (left !== undefined && left === right) {
      takeApplied(left);
      l++;
      r++;
      shared.shift();
    } else if (
      left !== undefined &&
      right !== undefined &&
      applied.byElement.has(left) &&
      skips(shared, left)
    ) {
      // An item of both, but not the one whose turn it is: it comes where the applied list has it.
      l++;
    } else if (left !== undefined && !applied.byElement.has(left)) {
      merged.push(live.items[l]);
      l++;
    } else {
      if (left !== undefined && done.has(left)) l++;
      if (right !== undefined) {
        takeApplied(right);
        r++;
        if (shared[0] === right) shared.shift();
      }
    }
  }
  return merged;
}

function skips(shared: PathElement[], element: PathElement): boolean {
  return shared[0] !== undefined && shared[0] !== element;
}
