import { itemSchema, listType, memberSchema, type Schema } from '../schema.ts';
import { compareElements, memberName, type PathElement } from './path-element.ts';

export type FieldPath = readonly PathElement[];

/**
 * A set of field paths, as a tree: `members` are the paths that end here, `children` hold what lies below. An
 * element may be both (a list item that is owned itself, with some of its fields). Sets are never changed once
 * built: every operation gives a new one, sharing what it can.
 */
export interface FieldSet {
  readonly members: ReadonlySet<PathElement>;
  readonly children: ReadonlyMap<PathElement, FieldSet>;
}

export const EMPTY_FIELD_SET: FieldSet = { members: new Set(), children: new Map() };

/** Collects paths into a set. */
export class FieldSetBuilder {
  readonly #members = new Set<PathElement>();
  readonly #children = new Map<PathElement, FieldSetBuilder>();

  insert(path: FieldPath, from = 0): void {
    const element = path[from];
    if (element === undefined) return;
    if (from === path.length - 1) {
      this.#members.add(element);
      return;
    }
    let child = this.#children.get(element);
    if (child === undefined) {
      child = new FieldSetBuilder();
      this.#children.set(element, child);
    }
    child.insert(path, from + 1);
  }

  build(): FieldSet {
    const children = new Map<PathElement, FieldSet>();
    for (const [element, child] of this.#children) children.set(element, child.build());
    return { members: this.#members, children };
  }
}

export function fieldSetOf(paths: Iterable<FieldPath>): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) builder.insert(path);
  return builder.build();
}

export function isEmptySet(set: FieldSet): boolean {
  return set.members.size === 0 && [...set.children.values()].every(isEmptySet);
}

export function hasPath(set: FieldSet, path: FieldPath): boolean {
  let current: FieldSet | undefined = set;
  for (const [i, element] of path.entries()) {
    if (current === undefined) return false;
    if (i === path.length - 1) return current.members.has(element);
    current = current.children.get(element);
  }
  return false;
}

/** What of the set lies below the element. */
export function below(set: FieldSet, element: PathElement): FieldSet {
  return set.children.get(element) ?? EMPTY_FIELD_SET;
}

/** All paths, members before what lies deeper, in the order of the real server's messages. */
export function* pathsOf(set: FieldSet, prefix: FieldPath = []): Generator<FieldPath> {
  for (const element of [...set.members].sort(compareElements)) yield [...prefix, element];
  for (const element of [...set.children.keys()].sort(compareElements)) {
    yield* pathsOf(below(set, element), [...prefix, element]);
  }
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  return isEmptySet(difference(a, b)) && isEmptySet(difference(b, a));
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map(a.children);
  for (const [element, child] of b.children) {
    const mine = children.get(element);
    children.set(element, mine === undefined ? child : union(mine, child));
  }
  return { members: new Set([...a.members, ...b.members]), children };
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const members = new Set([...a.members].filter((element) => b.members.has(element)));
  return { members, children: mapChildren(a, (element, child) => intersection(child, below(b, element))) };
}

/** The paths of a that b does not have; what lies below a removed path stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const members = new Set([...a.members].filter((element) => !b.members.has(element)));
  return { members, children: mapChildren(a, (element, child) => difference(child, below(b, element))) };
}

/** Like difference, but a path of b takes all that lies below it along. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  const members = new Set([...a.members].filter((element) => !b.members.has(element)));
  const children = mapChildren(a, (element, child) =>
    b.members.has(element) ? EMPTY_FIELD_SET : recursiveDifference(child, below(b, element)),
  );
  return { members, children };
}

/**
 * Adds the named fields that lead to owned paths. FieldsV1 leaves structs out when only their fields are owned
 * (`f:spec` without `.`), but removing the last field of a struct must be able to remove the struct.
 */
export function withNamedFields(set: FieldSet, schema: Schema): FieldSet {
  const members = new Set(set.members);
  const children = new Map<PathElement, FieldSet>();
  for (const [element, child] of set.children) {
    const name = memberName(element);
    if (name !== undefined && schema.properties !== undefined && Object.hasOwn(schema.properties, name)) {
      members.add(element);
    }
    children.set(element, withNamedFields(child, schemaBelow(schema, element)));
  }
  return { members, children };
}

function schemaBelow(schema: Schema, element: PathElement): Schema {
  const name = memberName(element);
  if (name === undefined) return listType(schema) === 'atomic' ? {} : itemSchema(schema);
  return memberSchema(schema, name) ?? {};
}

function mapChildren(
  set: FieldSet,
  change: (element: PathElement, child: FieldSet) => FieldSet,
): Map<PathElement, FieldSet> {
  const children = new Map<PathElement, FieldSet>();
  for (const [element, child] of set.children) {
    const changed = change(element, child);
    if (!isEmptySet(changed)) children.set(element, changed);
  }
  return children;
}
