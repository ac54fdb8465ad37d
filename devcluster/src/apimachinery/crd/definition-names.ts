import { type FieldError, invalidValue, requiredValue } from '../field-error.ts';
import type { JsonObject } from '../json.ts';

const LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/** @returns what is wrong with the name as a DNS-1035 label, in Kubernetes' words; undefined when nothing is */
export function isDns1035Label(name: string): string | undefined {
  if (name.length > 63) return 'must be no more than 63 characters';
  return LABEL.test(name) ? undefined : LABEL_TEXT;
}

/** The names of a CustomResourceDefinition. */
export function nameErrors(names: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const key of ['plural', 'singular', 'kind', 'listKind']) {
    const name = names[key];
    const path = `spec.names.${key}`;
    if (typeof name !== 'string' || name === '') errors.push(requiredValue(path));
    else errors.push(...labelErrors(path, name, key === 'kind' || key === 'listKind'));
  }
  for (const key of ['shortNames', 'categories']) {
    const list = names[key];
    for (const [i, name] of (Array.isArray(list) ? list : []).entries()) {
      errors.push(...labelErrors(`spec.names.${key}[${i}]`, String(name), false));
    }
  }
  if (names['kind'] !== undefined && names['kind'] !== '' && names['kind'] === names['listKind']) {
    errors.push(
      invalidValue('spec.names.listKind', names['listKind'], 'kind and listKind may not be the same'),
    );
  }
  return errors;
}

function labelErrors(path: string, name: string, mixedCase: boolean): FieldError[] {
  const problem = isDns1035Label(mixedCase ? name.toLowerCase() : name);
  if (problem === undefined) return [];
  const detail = mixedCase ? `may have mixed case, but should otherwise match: ${problem}` : problem;
  return [invalidValue(path, name, detail)];
}
