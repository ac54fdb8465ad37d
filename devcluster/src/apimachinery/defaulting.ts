import { clone, isObject, type JsonObject, own, put } from './json.ts';
import { itemSchema, type Schema } from './schema.ts';

/**
 * Fills the schema's defaults in, and drops nulls of members that may not be null and have a default (they get it) or
 * are simply not set, as Kubernetes does when it reads, writes and serves custom resources.
 *
 * @returns a new value
 */
export function applyDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => applyDefaults(itemSchema(schema), item));
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const member = declared(schema, key);
    if (member === undefined) put(result, key, item);
    else if (item !== null || member.nullable === true) put(result, key, applyDefaults(member, item));
  }
  for (const [key, member] of Object.entries(schema.properties ?? {})) {
    if (member.default !== undefined && !Object.hasOwn(result, key)) {
      put(result, key, applyDefaults(member, clone(member.default)));
    }
  }
  return result;
}

function declared(schema: Schema, key: string): Schema | undefined {
  const property = own(schema.properties, key);
  if (property !== undefined) return property;
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}
