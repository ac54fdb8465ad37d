import { own, sameJson } from '../json.ts';
import { ANYTHING, isAtomicMap, itemSchema, listType, memberSchema, type Schema } from '../schema.ts';
import { type FieldSet, FieldSetBuilder } from './field-set.ts';
import { asList, asMap, kindOf } from './kind-of-value.ts';
import { itemElement, memberElement, type PathElement } from './path-element.ts';

/** Which fields a write added, changed and removed. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Walk {
  readonly added: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
}

/** Compares two objects of one schema; a list item is found by its key, wherever it stands. */
export function compare(schema: Schema, before: unknown, after: unknown): Comparison {
  const walk: Walk = {
    added: new FieldSetBuilder(),
    modified: new FieldSetBuilder(),
    removed: new FieldSetBuilder(),
  };
  compareValues(schema, before, after, [], walk);
  return { added: walk.added.build(), modified: walk.modified.build(), removed: walk.removed.build() };
}

function compareValues(
  schema: Schema,
  before: unknown,
  after: unknown,
  path: PathElement[],
  walk: Walk,
): void {
  if (isLeaf(schema, before, after)) {
    if (before === undefined) walk.added.insert(path);
    else if (after === undefined) walk.removed.insert(path);
    else if (!sameJson(before, after)) walk.modified.insert(path);
    return;
  }
  compareParts(schema, before, after, path, walk);
  if (before === undefined) walk.added.insert(path);
  else if (after === undefined) walk.removed.insert(path);
}

/** Atomic values, scalars, a change of kind, and two empty values (which keeps null and empty apart). */
function isLeaf(schema: Schema, before: unknown, after: unknown): boolean {
  const kind = kindOf(schema, after, before);
  if (before !== undefined && after !== undefined && kind !== kindOf(schema, before, after)) return true;
  if (kind === 'map') return isAtomicMap(schema) || (isEmptyMap(before) && isEmptyMap(after));
  if (kind === 'list') {
    return listType(schema) === 'atomic' || (asList(before).length === 0 && asList(after).length === 0);
  }
  return true;
}

function isEmptyMap(value: unknown): boolean {
  return Object.keys(asMap(value)).length === 0;
}

function compareParts(
  schema: Schema,
  before: unknown,
  after: unknown,
  path: PathElement[],
  walk: Walk,
): void {
  if (kindOf(schema, after, before) === 'map')
    compareMembers(schema, asMap(before), asMap(after), path, walk);
  else compareItems(schema, asList(before), asList(after), path, walk);
}

type Members = Record<string, unknown>;

function compareMembers(
  schema: Schema,
  before: Members,
  after: Members,
  path: PathElement[],
  walk: Walk,
): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const inner = [...path, memberElement(key)];
    compareValues(memberSchema(schema, key) ?? ANYTHING, own(before, key), own(after, key), inner, walk);
  }
}

function compareItems(
  schema: Schema,
  before: unknown[],
  after: unknown[],
  path: PathElement[],
  walk: Walk,
): void {
  const left = itemsByElement(schema, before);
  const right = itemsByElement(schema, after);
  for (const element of new Set([...left.keys(), ...right.keys()])) {
    const [l, r] = [left.get(element) ?? [], right.get(element) ?? []];
    const inner = [...path, element];
    if (l.length <= 1 && r.length <= 1) compareValues(itemSchema(schema), l[0], r[0], inner, walk);
    else compareRepeated({ schema: itemSchema(schema), before: l, after: r }, inner, walk);
  }
}

interface Repeated {
  readonly schema: Schema;
  readonly before: unknown[];
  readonly after: unknown[];
}

/** Ordinary writes may put an item into a list twice; such an item is owned whole. */
function compareRepeated({ schema, before, after }: Repeated, path: PathElement[], walk: Walk): void {
  if (before.length > 1 && after.length > 1) {
    if (!sameJson(before, after)) walk.modified.insert(path);
  } else if (before.length > 1) {
    if (after.length === 1) compareValues(schema, undefined, after[0], path, walk);
    walk.removed.insert(path);
  } else {
    if (before.length === 1) compareValues(schema, before[0], undefined, path, walk);
    walk.added.insert(path);
  }
}

function itemsByElement(schema: Schema, list: unknown[]): Map<PathElement, unknown[]> {
  const items = new Map<PathElement, unknown[]>();
  for (const item of list) {
    const element = itemElement(schema, item);
    const same = items.get(element);
    if (same === undefined) items.set(element, [item]);
    else same.push(item);
  }
  return items;
}
