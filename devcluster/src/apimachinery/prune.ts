import { isObject, type JsonObject, own, put } from './json.ts';
import { itemSchema, memberSchema, type Schema } from './schema.ts';

/** The result of pruning: what is kept, and the paths of what was dropped. */
export interface Pruned<T> {
  readonly object: T;
  /** Such as `spec.replica` or `spec.versions[0].x`, in the order of the document. */
  readonly unknownFields: readonly string[];
}

/**
 * Drops the members that the schema does not declare.
 *
 * @param schema of the whole object, metadata included: `builtinSchema()` or `customResourceSchema()`
 */
export function prune<T>(schema: Schema, object: T): Pruned<T> {
  const unknownFields: string[] = [];
  const kept = pruneValue(schema, object, '', unknownFields);
  return { object: kept as T, unknownFields };
}

/** The wording of strict decoding, for one path: `unknown field "spec.foo"`. */
export function unknownFieldText(path: string): string {
  return `unknown field ${JSON.stringify(path)}`;
}

export function duplicateFieldText(path: string): string {
  return `duplicate field ${JSON.stringify(path)}`;
}

function pruneValue(schema: Schema, value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    return value.map((item, i) => pruneValue(itemSchema(schema), item, `${path}[${i}]`, unknown));
  }
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const inner = path === '' ? key : `${path}.${key}`;
    const member = embeddedMember(schema, key) ?? memberSchema(schema, key);
    if (member === undefined) unknown.push(inner);
    else put(kept, key, pruneValue(member, item, inner, unknown));
  }
  return kept;
}

/** An embedded resource has a name and a kind, whether or not its schema says so. */
function embeddedMember(schema: Schema, key: string): Schema | undefined {
  if (schema['x-kubernetes-embedded-resource'] !== true || own(schema.properties, key) !== undefined)
    return undefined;
  return /^(apiVersion|kind|metadata)$/.test(key)
    ? { 'x-kubernetes-preserve-unknown-fields': true }
    : undefined;
}
