export { validateCustomResourceDefinition } from './crd/custom-resource-definition.ts';
export { type FieldError, type FieldErrorReason, fieldErrorsText, fieldErrorText } from './field-error.ts';
export type { Schema } from './schema.ts';
export { validateSchemaDefinition } from './structural.ts';
export { type ValidateOptions, validate } from './validate.ts';
