import type { KubeObject } from './resource.ts';

/** `fieldsV1` of managedFields: `f:name` members, `k:{...}` and `v:...` list items, `.` the thing itself. */
export type FieldSet = { readonly [path: string]: FieldSet };

export type ManagedFields = {
  manager?: string;
  operation?: string;
  subresource?: string;
  fieldsV1?: FieldSet;
};

/** What this manager owns by server-side apply, status and other subresources left out. */
export function ownedFields(object: KubeObject, manager: string): FieldSet | undefined {
  const entries = (object.metadata.managedFields ?? []) as ManagedFields[];
  return entries.find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && (entry.subresource ?? '') === '',
  )?.fieldsV1;
}

/**
 * Whether every field of `wanted` is still owned. Whoever changes or removes a field that we applied takes it out of
 * our set, so together with the digest of what we applied last this tells drift without looking at the content, and
 * without a schema. Of metadata only annotations and labels are looked at.
 */
export function ownsAll(owned: FieldSet, wanted: KubeObject): boolean {
  const { apiVersion: _, kind: __, metadata, ...content } = wanted;
  const { annotations, labels } = metadata;
  return (
    Object.entries(content).every(([name, value]) => ownsMember(owned, name, value)) &&
    ownsMember(owned, 'metadata', { annotations, labels })
  );
}

/** Whether the field at this path is owned. */
export function ownsPath(owned: FieldSet | undefined, path: readonly string[]): boolean {
  let at = owned;
  for (const name of path) at = at?.[`f:${name}`];
  return at !== undefined;
}

function ownsMember(owned: FieldSet, name: string, value: unknown): boolean {
  if (value === undefined) return true;
  const member = owned[`f:${name}`];
  return member !== undefined && ownsValue(member, value);
}

function ownsValue(owned: FieldSet, value: unknown): boolean {
  // A leaf, or a list or map that is owned as a whole.
  if (typeof value !== 'object' || value === null || Object.keys(owned).length === 0) return true;
  if (Array.isArray(value)) return value.every((item) => ownsItem(owned, item));
  return Object.entries(value).every(([name, member]) => ownsMember(owned, name, member));
}

function ownsItem(owned: FieldSet, item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return `v:${JSON.stringify(item)}` in owned;
  return Object.entries(owned).some(([path, fields]) => {
    if (!path.startsWith('k:')) return false;
    const key: Record<string, unknown> = JSON.parse(path.slice(2));
    // A key member that we leave out was defaulted by the server (a port's protocol).
    const isIt = Object.entries(key).every(
      ([name, value]) => !(name in item) || (item as Record<string, unknown>)[name] === value,
    );
    return isIt && ownsValue(fields, item);
  });
}
