export { type FieldError, type FieldErrorReason, fieldErrorsText, fieldErrorText } from './field-error.ts';
export type { Schema } from './schema.ts';
export { type ValidateOptions, validate } from './validate.ts';
