import { applyDefaults } from '../defaulting.ts';
import type { FieldError } from '../field-error.ts';
import { invalidValue } from '../field-error.ts';
import { clone, sameJson } from '../json.ts';
import { prune } from '../prune.ts';
import { ANYTHING, type Schema } from '../schema.ts';
import { validateListTypes } from '../validation/list-types.ts';
import { validateSchema } from '../validation/validate-schema.ts';

/** Defaults must be valid values of their own schema, without fields that would be pruned. */
export function validateDefaults(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.default !== undefined) errors.push(...defaultErrors(schema, `${path}.default`));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...validateDefaults(property, `${path}.properties[${name}]`));
  }
  if (schema.items !== undefined) errors.push(...validateDefaults(schema.items, `${path}.items`));
  if (typeof schema.additionalProperties === 'object') {
    errors.push(...validateDefaults(schema.additionalProperties, `${path}.additionalProperties`));
  }
  return errors;
}

function defaultErrors(schema: Schema, path: string): FieldError[] {
  const value = clone(schema.default);
  const pruned = prune(schema.type === undefined ? ANYTHING : schema, value).object;
  if (!sameJson(pruned, value)) return [invalidValue(path, value, 'must not have unknown fields')];
  const defaulted = applyDefaults(schema, value);
  // The real server names the value's path relative to the default: nothing for the default itself.
  return [
    ...validateSchema(schema, defaulted, { path: '' }),
    ...validateListTypes(schema, defaulted, { path: '' }),
  ].map((error) => ({ ...error, field: joined(path, error.field) }));
}

function joined(path: string, inner: string): string {
  if (inner === '' || inner === '<nil>') return path;
  return inner.startsWith('[') ? `${path}${inner}` : `${path}.${inner}`;
}
