import { hasRules, validateRules } from './cel/validate-rules.ts';
import { type FieldError, invalidValue } from './field-error.ts';
import type { Schema } from './schema.ts';
import { validateEmbeddedResources } from './validation/embedded-resource.ts';
import { validateListTypes } from './validation/list-types.ts';
import { validateSchema } from './validation/validate-schema.ts';

export interface ValidateOptions {
  /**
   * The object before the write. What did not change is not refused, even when the schema has become stricter
   * (ratcheting), and transition rules (`oldSelf`) compare with it.
   */
  readonly old?: unknown;
}

/** Kubernetes does not evaluate rules on a value that may not even have the types they were compiled for. */
const BLOCKING = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

/**
 * Validates a custom resource: its schema, embedded resources, keys of lists, and the rules in
 * `x-kubernetes-validations`.
 *
 * @param schema the CRD's `openAPIV3Schema`
 * @returns what is wrong, with Kubernetes' reasons and words; empty when nothing is
 */
export function validate(schema: Schema, object: unknown, options: ValidateOptions = {}): FieldError[] {
  const errors = [
    ...validateSchema(schema, object, { path: '', old: options.old }),
    ...validateEmbeddedResources(schema, object, ''),
    ...validateListTypes(schema, object, { path: '', old: options.old }),
  ];
  if (!hasRules(schema)) return errors;
  if (!errors.some((error) => BLOCKING.has(error.reason))) {
    return [...errors, ...validateRules(schema, object, options.old)];
  }
  const detail =
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
  return [...errors, invalidValue('<nil>', null, detail)];
}
