import { type FieldError, fieldErrorText, forbidden, invalidValue, requiredValue } from '../field-error.ts';
import { compareText, sameJson } from '../json.ts';
import { compilePattern } from '../pattern.ts';
import type { Schema } from '../schema.ts';

type Level = 'root' | 'item' | 'field';

const EMPTY_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

/**
 * Kubernetes' conditions for a structural schema: types stand outside of allOf, anyOf, oneOf and not, which only
 * narrow values down. Follows `ValidateStructural` of apiextensions-apiserver, whose words clients see.
 */
export function validateStructure(schema: Schema, path: string): FieldError[] {
  return invariants(schema, 'root', path).sort((a, b) => compareText(fieldErrorText(a), fieldErrorText(b)));
}

function invariants(schema: Schema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.type === 'array' && schema.items === undefined) {
    errors.push(requiredValue(`${path}.items`, 'must be specified'));
  }
  if (schema.items !== undefined) errors.push(...invariants(schema.items, 'item', `${path}.items`));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...invariants(property, 'field', `${path}.properties[${name}]`));
  }
  errors.push(...additionalPropertiesErrors(schema, level, path), ...extensionErrors(schema, path));
  const skip = {
    anyOf: isIntOrStringPattern(schema.anyOf),
    firstAllOf: isIntOrStringPattern(schema.allOf?.[0]?.anyOf),
  };
  errors.push(...valueValidationErrors(schema, skip, path));
  errors.push(...typeErrors(schema, level, path), ...metadataErrors(schema, level, path));
  return errors;
}

function additionalPropertiesErrors(schema: Schema, level: Level, path: string): FieldError[] {
  const { additionalProperties } = schema;
  const inner = `${path}.additionalProperties`;
  const errors: FieldError[] = [];
  if (additionalProperties === undefined) return errors;
  if (level === 'root') errors.push(forbidden(inner, 'must not be used at the root'));
  if (schema['x-kubernetes-embedded-resource'] === true) {
    errors.push(forbidden(inner, 'must not be used if x-kubernetes-embedded-resource is set'));
  }
  if (typeof additionalProperties === 'object')
    errors.push(...invariants(additionalProperties, 'field', inner));
  return errors;
}

function extensionErrors(schema: Schema, path: string): FieldError[] {
  if (schema['x-kubernetes-int-or-string'] !== true) return [];
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((key) => schema[key] === true)
    .map((key) =>
      invalidValue(`${path}.${key}`, true, 'must be false if x-kubernetes-int-or-string is true'),
    );
}

function typeErrors(schema: Schema, level: Level, path: string): FieldError[] {
  const { type } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const errors: FieldError[] = [];
  if (embedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(
      type === undefined ? requiredValue(`${path}.type`, detail) : invalidValue(`${path}.type`, type, detail),
    );
  } else if (type === undefined && !isUntyped(schema))
    errors.push(requiredValue(`${path}.type`, EMPTY_TYPE[level]));
  if (level === 'root' && type !== undefined && type !== 'object') {
    errors.push(invalidValue(`${path}.type`, type, 'must be object at the root'));
  }
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (embedded && !open && Object.keys(schema.properties ?? {}).length === 0) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(requiredValue(`${path}.properties`, detail));
  }
  return errors;
}

function isUntyped(schema: Schema): boolean {
  return (
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  );
}

/** Metadata has a schema of its own, which a CRD may narrow only in name and generateName. */
function metadataErrors(schema: Schema, level: Level, path: string): FieldError[] {
  const checked = level === 'root' || schema['x-kubernetes-embedded-resource'] === true;
  const errors: FieldError[] = [];
  for (const name of ['kind', 'apiVersion']) {
    const property = schema.properties?.[name];
    if (checked && property !== undefined && property.type !== 'string') {
      errors.push(invalidValue(`${path}.properties[${name}].type`, property.type ?? '', 'must be string'));
    }
  }
  const metadata = schema.properties?.['metadata'];
  if (metadata === undefined) return errors;
  const inner = `${path}.properties[metadata]`;
  if (checked && metadata.type !== 'object') {
    errors.push(invalidValue(`${inner}.type`, metadata.type ?? '', 'must be object'));
  }
  if (level !== 'root') return errors;
  const { properties = {}, type: _, default: __, ...others } = metadata;
  const narrowsNames = Object.keys(properties).every((name) => name === 'name' || name === 'generateName');
  if (!narrowsNames || Object.keys(others).length > 0) {
    const detail =
      'must not specify anything other than name and generateName, but metadata is implicitly specified';
    errors.push(forbidden(inner, detail));
  }
  return errors;
}

/** The one use of types inside anyOf that is allowed: an integer or a string. */
function isIntOrStringPattern(branches: readonly Schema[] | undefined): boolean {
  return sameJson(branches, [{ type: 'integer' }, { type: 'string' }]);
}

interface Skip {
  readonly anyOf: boolean;
  readonly firstAllOf: boolean;
}

const NOTHING_SKIPPED: Skip = { anyOf: false, firstAllOf: false };

function valueValidationErrors(schema: Schema, skip: Skip, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!skip.anyOf) {
    for (const [i, branch] of (schema.anyOf ?? []).entries())
      errors.push(...nested(branch, `${path}.anyOf[${i}]`));
  }
  for (const [i, branch] of (schema.allOf ?? []).entries()) {
    errors.push(
      ...nested(branch, `${path}.allOf[${i}]`, { anyOf: skip.firstAllOf && i === 0, firstAllOf: false }),
    );
  }
  for (const [i, branch] of (schema.oneOf ?? []).entries())
    errors.push(...nested(branch, `${path}.oneOf[${i}]`));
  if (schema.not !== undefined) errors.push(...nested(schema.not, `${path}.not`));
  const problem = schema.pattern === undefined ? undefined : patternProblem(schema.pattern);
  if (problem !== undefined) {
    const detail = `must be a valid regular expression, but isn't: ${problem}`;
    errors.push(invalidValue(`${path}.pattern`, schema.pattern, detail));
  }
  return errors;
}

function patternProblem(pattern: string): string | undefined {
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    // Go's words for the commonest mistakes; others only have to be refused.
    if (/[Uu]nterminated group/.test(reason))
      return `error parsing regexp: missing closing ): \`${pattern}\``;
    if (/[Uu]nterminated character class|missing terminating ]/.test(reason)) {
      return `error parsing regexp: missing closing ]: \`${pattern}\``;
    }
    return `error parsing regexp: ${reason}`;
  }
}

const FORBIDDEN_WHEN_NESTED: readonly (readonly [keyof Schema, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

/** A schema inside allOf, anyOf, oneOf or not. */
function nested(schema: Schema, path: string, skip = NOTHING_SKIPPED): FieldError[] {
  const errors = valueValidationErrors(schema, skip, path);
  if (schema.items !== undefined) errors.push(...nested(schema.items, `${path}.items`));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...nested(property, `${path}.properties[${name}]`));
  }
  for (const [key, detail] of FORBIDDEN_WHEN_NESTED) {
    if (schema[key] !== undefined && schema[key] !== false) errors.push(forbidden(`${path}.${key}`, detail));
  }
  if (schema.properties?.['metadata'] !== undefined) {
    errors.push(forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
  }
  return errors;
}
