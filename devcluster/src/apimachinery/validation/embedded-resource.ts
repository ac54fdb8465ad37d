import { type FieldError, requiredValue } from '../field-error.ts';
import { isObject, own } from '../json.ts';
import { itemSchema, type Schema } from '../schema.ts';
import { childPath } from './validate-schema.ts';

/** Objects marked `x-kubernetes-embedded-resource` must say what they are. */
export function validateEmbeddedResources(schema: Schema, value: unknown, path: string): FieldError[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => validateEmbeddedResources(itemSchema(schema), item, `${path}[${i}]`));
  }
  if (!isObject(value)) return [];
  const errors: FieldError[] = [];
  if (schema['x-kubernetes-embedded-resource'] === true) {
    for (const key of ['apiVersion', 'kind']) {
      const text = own(value, key);
      if (text === undefined || text === '') errors.push(requiredValue(childPath(path, key)));
    }
  }
  for (const [key, item] of Object.entries(value)) {
    const extra = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const member = own(schema.properties, key) ?? extra;
    if (member !== undefined) errors.push(...validateEmbeddedResources(member, item, childPath(path, key)));
  }
  return errors;
}
