import { clone, isObject, type JsonObject, put, sameJson } from '../json.ts';
import { PatchError } from './patch-error.ts';

/*
 * RFC 6902 as Kubernetes carries it out (with evanphx/json-patch). Written here because libraries differ in just the
 * cases that clients meet: replacing a missing member adds it, removing one fails, and every failure answers with
 * the same words.
 */

const KNOWN_FIELDS = new Set(['op', 'path', 'from', 'value']);
const MOST_OPERATIONS = 10_000;
/** A few dozen copies of copies would fill any memory. The limit is that of a request's body. */
const MOST_COPIED_CHARACTERS = 3 * 1024 * 1024;

/**
 * Applies a JSON patch.
 *
 * @returns a new document; the given one is left as it is
 * @throws PatchError 422 when an operation fails, 400 when it is not a list of operations, 413 when it is too long
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw new PatchError(
      400,
      `error decoding patch: json: cannot unmarshal ${goKind(patch)} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  if (patch.length > MOST_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${patch.length}`;
    throw new PatchError(413, message);
  }
  const copied: Copied = { characters: 0 };
  return patch.reduce<unknown>(
    (result, operation) => applyOperation(result, operation, copied),
    clone(document),
  );
}

/** Members of operations that strict field validation refuses: `[1].extra`. */
export function unknownPatchFields(patch: unknown): string[] {
  if (!Array.isArray(patch)) return [];
  return patch.flatMap((operation, i) =>
    Object.keys(isObject(operation) ? operation : {})
      .filter((key) => !KNOWN_FIELDS.has(key))
      .map((key) => `[${i}].${key}`),
  );
}

/** How much the copy operations of one patch have added. */
interface Copied {
  characters: number;
}

function copyOf(value: unknown, copied: Copied): unknown {
  copied.characters += JSON.stringify(value)?.length ?? 0;
  if (copied.characters > MOST_COPIED_CHARACTERS) throw failed();
  return clone(value);
}

function applyOperation(document: unknown, operation: unknown, copied: Copied): unknown {
  if (!isObject(operation)) throw failed();
  const { op } = operation;
  const path = pointer(operation['path']);
  switch (op) {
    case 'add':
      return set(document, path, valueIn(operation), 'insert');
    case 'replace':
      return set(document, path, valueIn(operation), 'replace');
    case 'remove':
      return remove(document, path);
    case 'move': {
      const from = pointer(operation['from']);
      const value = get(document, from);
      return set(remove(document, from), path, value, 'insert');
    }
    case 'copy':
      return set(document, path, copyOf(get(document, pointer(operation['from'])), copied), 'insert');
    case 'test':
      if (!sameJson(testable(document, path), operation['value'] ?? null)) throw failed();
      return document;
    default:
      throw failed();
  }
}

function valueIn(operation: JsonObject): unknown {
  if (!Object.hasOwn(operation, 'value')) throw failed();
  return clone(operation['value']);
}

/** Testing a missing member against null passes, as evanphx/json-patch has it. */
function testable(document: unknown, path: string[]): unknown {
  const key = path.at(-1);
  if (key === undefined) return document;
  const parent = get(document, path.slice(0, -1));
  if (isObject(parent)) return Object.hasOwn(parent, key) ? parent[key] : null;
  return get(document, path);
}

function pointer(path: unknown): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) throw failed();
  if (path === '') return [];
  return path
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function get(document: unknown, path: string[]): unknown {
  let current = document;
  for (const key of path) {
    if (Array.isArray(current)) current = current[index(key, current.length - 1)];
    else if (isObject(current) && Object.hasOwn(current, key)) current = current[key];
    else throw failed();
  }
  return current;
}

function set(document: unknown, path: string[], value: unknown, how: 'insert' | 'replace'): unknown {
  const key = path.at(-1);
  if (key === undefined) return value;
  const parent = get(document, path.slice(0, -1));
  if (Array.isArray(parent)) {
    if (how === 'replace') parent[index(key, parent.length - 1)] = value;
    else if (key === '-') parent.push(value);
    else parent.splice(index(key, parent.length), 0, value);
  } else if (isObject(parent)) put(parent, key, value);
  else throw failed();
  return document;
}

function remove(document: unknown, path: string[]): unknown {
  const key = path.at(-1);
  if (key === undefined) throw failed();
  const parent = get(document, path.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(index(key, parent.length - 1), 1);
  else if (isObject(parent) && Object.hasOwn(parent, key)) delete parent[key];
  else throw failed();
  return document;
}

/** An index; negative ones count from the end, which evanphx/json-patch allows. */
function index(key: string, highest: number): number {
  if (!/^-?\d+$/.test(key)) throw failed();
  const number = Number(key) < 0 ? Number(key) + highest + 1 : Number(key);
  if (number < 0 || number > highest) throw failed();
  return number;
}

/** The real server does not say what was wrong. */
function failed(): PatchError {
  return new PatchError(422, 'the server rejected our request due to an error in our request');
}

function goKind(value: unknown): string {
  if (isObject(value)) return 'object';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
