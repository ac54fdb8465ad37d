import { customResourceSchema } from '../../apimachinery/builtin-schema.ts';
import { duplicateFields } from '../../apimachinery/duplicate-fields.ts';
import { duplicateFieldText, prune, unknownFieldText } from '../../apimachinery/prune.ts';
import { ANYTHING, type Schema } from '../../apimachinery/schema.ts';
import type { KubeObject } from '../object.ts';
import type { Resource } from '../resources/resource.ts';

/** Schema of the whole object with its metadata; field ownership and pruning need it. */
export function fullSchema(resource: Resource): Schema {
  if (resource.custom === undefined) return resource.schema ?? ANYTHING;
  let known = customSchemas.get(resource);
  if (known === undefined) {
    const schema = customResourceSchema(resource.schema ?? ANYTHING);
    known = resource.custom.preserveUnknownFields
      ? { ...schema, 'x-kubernetes-preserve-unknown-fields': true }
      : schema;
    customSchemas.set(resource, known);
  }
  return known;
}

const customSchemas = new WeakMap<Resource, Schema>();

export interface Checked {
  object: KubeObject;
  /** Unknown and duplicate fields, in the words of strict decoding. */
  problems: string[];
}

/** Drops what the schema does not know, and says what that was. */
export function checkFields(object: KubeObject, resource: Resource, jsonText: string | undefined): Checked {
  const pruned = prune(fullSchema(resource), object);
  const duplicates = jsonText === undefined ? [] : duplicateFields(jsonText);
  const unknown = pruned.unknownFields;
  // The real server looks at custom resources' metadata before the rest; sorted paths give the same order.
  const listed = resource.custom === undefined ? unknown : [...unknown].sort();
  return {
    object: pruned.object,
    problems: [...duplicates.map(duplicateFieldText), ...listed.map(unknownFieldText)],
  };
}
