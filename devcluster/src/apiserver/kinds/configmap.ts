import { forbidden, invalidValue } from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import { type KubeObject, objectAt, sameJson } from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { configMapKey } from '../validation/names.ts';

const FROZEN = 'field is immutable when `immutable` is set';

/** What an immutable ConfigMap or Secret does not allow. */
export function immutableProblems(object: KubeObject, old: KubeObject, fields: string[]): FieldError[] {
  if (old['immutable'] !== true) return [];
  const unset = object['immutable'] === true ? [] : [forbidden('immutable', FROZEN)];
  const changed = fields.filter((field) => !sameJson(object[field] ?? {}, old[field] ?? {}));
  return [...unset, ...changed.map((field) => forbidden(field, FROZEN))];
}

export function keyProblems(object: KubeObject, field: string): FieldError[] {
  return Object.keys(objectAt(object, field)).flatMap((key) =>
    configMapKey(key).map((problem) => invalidValue(`${field}[${key}]`, key, problem)),
  );
}

function problems(object: KubeObject): FieldError[] {
  const binary = objectAt(object, 'binaryData');
  const both = Object.keys(objectAt(object, 'data')).filter((key) => key in binary);
  return [
    ...keyProblems(object, 'data'),
    ...both.map((key) => invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData')),
    ...keyProblems(object, 'binaryData'),
  ];
}

export const configMap: KindRules = {
  validate: problems,
  validateUpdate: (object, old) => [
    ...immutableProblems(object, old, ['data', 'binaryData']),
    ...problems(object),
  ],
};
