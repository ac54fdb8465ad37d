import { badRequest } from '../errors.ts';
import type { KubeObject } from '../object.ts';
import type { Resource } from '../resources/resource.ts';

export type FieldMatcher = (object: KubeObject) => boolean;

interface Term {
  field: string;
  equal: boolean;
  value: string;
}

function parseTerm(text: string, whole: string): Term {
  const found = /^([^=!]+)(==|!=|=)(.*)$/.exec(text);
  const [, field, operator, value] = found ?? [];
  if (field === undefined || operator === undefined || value === undefined) {
    throw badRequest(`invalid selector: '${whole}'; can't understand '${text}'`);
  }
  return { field, equal: operator !== '!=', value: value.replace(/\\(.)/g, '$1') };
}

const PROBE: KubeObject = { apiVersion: '', kind: '', metadata: { name: '' } };

function fieldsOf(resource: Resource, object: KubeObject): Record<string, string> {
  return {
    'metadata.name': object.metadata.name,
    ...(resource.namespaced ? { 'metadata.namespace': object.metadata.namespace ?? '' } : {}),
    ...resource.rules.selectableFields?.(object),
  };
}

/** @throws StatusError 400 for syntax, and for a field that this resource cannot be selected by */
export function parseFieldSelector(text: string, resource: Resource): FieldMatcher | undefined {
  if (text.trim() === '') return undefined;
  const terms = text
    .split(/(?<!\\),/)
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, text));
  const supported = fieldsOf(resource, PROBE);
  for (const { field } of terms) {
    if (!Object.hasOwn(supported, field)) throw badRequest(`field label not supported: ${field}`);
  }
  return (object) => {
    const fields = fieldsOf(resource, object);
    return terms.every(({ field, equal, value }) => ((fields[field] ?? '') === value) === equal);
  };
}
