import { canonicalJson, compareText, isObject, type JsonObject, own } from '../json.ts';
import { itemSchema, listType, type Schema } from '../schema.ts';

/**
 * One step of a field path, in the text that FieldsV1 uses for it: `f:name` a member, `k:{"name":"a"}` an item of a
 * list of type map, `v:"x"` an item of a set, `i:0` an index. As text it serves as a map key and needs no encoding.
 */
export type PathElement = string;

export function memberElement(name: string): PathElement {
  return `f:${name}`;
}

/** The name, when the element is a member of an object. */
export function memberName(element: PathElement): string | undefined {
  return element.startsWith('f:') ? element.slice(2) : undefined;
}

/** A list item that cannot be told apart from others; the message is Kubernetes'. */
export class ListItemError extends Error {
  override readonly name = 'ListItemError';
}

/**
 * The path element of an item of a list of type map or set.
 *
 * @throws ListItemError when the item has no key, or is of a kind that sets cannot hold
 */
export function itemElement(list: Schema, item: unknown): PathElement {
  return listType(list) === 'map' ? keyElement(list, item) : valueElement(item);
}

function keyElement(list: Schema, item: unknown): PathElement {
  if (item === null) throw new ListItemError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new ListItemError('associative list with keys may not have non-map elements');
  const keys = list['x-kubernetes-list-map-keys'] ?? [];
  const values: JsonObject = {};
  for (const key of keys) {
    const value = own(item, key) ?? own(itemSchema(list).properties, key)?.default;
    if (value !== undefined) values[key] = value;
  }
  if (keys.length > 0 && Object.keys(values).length === 0) {
    const names = keys.map((key) => JSON.stringify(key)).join(' ');
    throw new ListItemError(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return `k:${canonicalJson(values)}`;
}

function valueElement(item: unknown): PathElement {
  if (isObject(item))
    throw new ListItemError("associative list without keys has an element that's a map type");
  if (Array.isArray(item)) throw new ListItemError('not supported: associative list with lists as elements');
  if (item === null)
    throw new ListItemError("associative list without keys has an element that's an explicit null");
  return `v:${JSON.stringify(item)}`;
}

const KINDS = ['f', 'k', 'v', 'i'];

/** Members first, then keyed items, values and indices; each in order of its text, as the real server sorts. */
export function compareElements(a: PathElement, b: PathElement): number {
  const byKind = KINDS.indexOf(a.charAt(0)) - KINDS.indexOf(b.charAt(0));
  return byKind === 0 ? compareText(a, b) : byKind;
}

/** The element as conflict messages show it: `.name`, `[name="a"]`, `[="x"]`, `[0]`. */
export function elementText(element: PathElement): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (element.startsWith('i:')) return `[${rest}]`;
  const values: unknown = JSON.parse(rest);
  const pairs = Object.entries(isObject(values) ? values : {}).map(
    ([key, value]) => `${key}=${JSON.stringify(value)}`,
  );
  return `[${pairs.join(',')}]`;
}

export function pathText(path: readonly PathElement[]): string {
  return path.map(elementText).join('');
}
