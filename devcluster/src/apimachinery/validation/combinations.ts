import { type FieldError, invalidValue } from '../field-error.ts';
import type { Schema } from '../schema.ts';
import { type Place, validateSchema } from './validate-schema.ts';

/** allOf, anyOf, oneOf and not. The messages carry no field, only its path in the text, as the real server has it. */
export function validateCombinations(schema: Schema, value: unknown, place: Place): FieldError[] {
  const say = (text: string) => invalidValue('<nil>', '', `${JSON.stringify(place.path)} ${text}`);
  const results = (schemas: readonly Schema[]) =>
    schemas.map((branch) => validateSchema(branch, value, { path: place.path }));
  const errors: FieldError[] = [];

  if (schema.anyOf !== undefined && schema.anyOf.length > 0) {
    const tried = results(schema.anyOf);
    if (!tried.some(isValid))
      errors.push(say('must validate at least one schema (anyOf)'), ...nearest(tried));
  }
  if (schema.oneOf !== undefined && schema.oneOf.length > 0) {
    const tried = results(schema.oneOf);
    const valid = tried.filter(isValid).length;
    if (valid === 0) {
      errors.push(say('must validate one and only one schema (oneOf). Found none valid'), ...nearest(tried));
    } else if (valid > 1) {
      errors.push(say(`must validate one and only one schema (oneOf). Found ${valid} valid alternatives`));
    }
  }
  if (schema.allOf !== undefined && schema.allOf.length > 0) {
    const tried = results(schema.allOf);
    errors.push(...tried.flat());
    if (!tried.some(isValid)) errors.push(say('must validate all the schemas (allOf). None validated'));
    else if (!tried.every(isValid)) errors.push(say('must validate all the schemas (allOf)'));
  }
  if (schema.not !== undefined && isValid(validateSchema(schema.not, value, { path: place.path }))) {
    errors.push(say('must not validate the schema (not)'));
  }
  return errors;
}

function isValid(errors: readonly FieldError[]): boolean {
  return errors.length === 0;
}

/** The errors of the branch that came nearest: the first with the fewest. */
function nearest(tried: readonly FieldError[][]): FieldError[] {
  return tried.reduce((best, errors) => (errors.length < best.length ? errors : best), tried[0] ?? []);
}
