import { isObject } from '../json.ts';
import type { Schema } from '../schema.ts';

/** How structured merge treats a value. */
export type ValueKind = 'map' | 'list' | 'scalar';

/**
 * Which kind a schema says, or, where the schema leaves it open (anything goes, int or string), which kind the
 * value itself is. Null takes whatever kind the other side of a comparison has.
 */
export function kindOf(schema: Schema, value: unknown, other?: unknown): ValueKind {
  if (schema.type === 'object') return 'map';
  if (schema.type === 'array') return 'list';
  if (schema.type !== undefined) return 'scalar';
  const deciding = value ?? other;
  if (isObject(deciding)) return 'map';
  return Array.isArray(deciding) ? 'list' : 'scalar';
}

/** The object, or an empty one for null and absent. */
export function asMap(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
