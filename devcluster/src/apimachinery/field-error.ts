/** Kubernetes' reasons for a field that is refused (`metav1.CauseType`). */
export type FieldErrorReason =
  | 'FieldValueInvalid'
  | 'FieldValueRequired'
  | 'FieldValueTypeInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueNotFound';

/** One entry of `status.details.causes`; `message` does not repeat the field. */
export interface FieldError {
  readonly reason: FieldErrorReason;
  readonly field: string;
  readonly message: string;
}

/** The text of a status message: `spec.a: Invalid value: ...`. */
export function fieldErrorText(error: FieldError): string {
  return `${error.field}: ${error.message}`;
}

/** Joins errors as Kubernetes does: one alone as it is, several in brackets. */
export function fieldErrorsText(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(fieldErrorText))];
  return texts.length === 1 ? `${texts[0]}` : `[${texts.join(', ')}]`;
}

export function requiredValue(field: string, detail = ''): FieldError {
  return {
    reason: 'FieldValueRequired',
    field,
    message: `Required value${detail === '' ? '' : `: ${detail}`}`,
  };
}

/** @param value what is shown; a string is quoted, everything else written as JSON. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${shown(value)}: ${detail}` };
}

export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { reason: 'FieldValueTypeInvalid', field, message: `Invalid value: ${shown(value)}: ${detail}` };
}

export function notSupported(field: string, value: unknown, supported: readonly unknown[]): FieldError {
  const list = supported.map((entry) => JSON.stringify(entry)).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${shown(value)}: supported values: ${list}`,
  };
}

export function tooLong(field: string, maximum: number): FieldError {
  const unit = maximum === 1 ? 'byte' : 'bytes';
  return { reason: 'FieldValueTooLong', field, message: `Too long: may not be more than ${maximum} ${unit}` };
}

export function tooMany(field: string, count: number, maximum: number): FieldError {
  const unit = maximum === 1 ? 'item' : 'items';
  return {
    reason: 'FieldValueTooMany',
    field,
    message: `Too many: ${count}: must have at most ${maximum} ${unit}`,
  };
}

export function duplicateValue(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${shown(value)}` };
}

export function forbidden(field: string, detail: string): FieldError {
  return { reason: 'FieldValueForbidden', field, message: `Forbidden: ${detail}` };
}

function shown(value: unknown): string {
  return JSON.stringify(value ?? null);
}
