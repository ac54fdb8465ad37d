import { type CustomResourceDefinition, GROUP } from '@cofferdam/crds';
import { stringify } from 'yaml';

/** Key of what is not compared, in the ConfigMap `argocd-cm`. */
export function ignoredKey({ spec }: CustomResourceDefinition): string {
  return `resource.customizations.ignoreDifferences.${GROUP}_${String(spec.names['kind'])}`;
}

/**
 * What of a live object is never in Git: its status, and whatever the schema fills in. Ours fill in nothing, and a test
 * holds them to it; the operator writes nothing else of a resource but its finalizer, which Git has no opinion about.
 */
export function ignoredDifferences({ spec }: CustomResourceDefinition): string {
  const [{ schema, subresources }] = spec.versions;
  const status = subresources.status === undefined ? [] : ['/status'];
  return stringify({ jsonPointers: [...status, ...defaulted(schema.openAPIV3Schema, '')] });
}

/** JSON pointers of members that have a default; of list members none, since a pointer would have to count them. */
export function defaulted(schema: unknown, pointer: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if ('default' in schema) return [pointer];
  const properties = Reflect.get(schema, 'properties') ?? {};
  return Object.entries(properties).flatMap(([name, member]) =>
    defaulted(member, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}
