import type { KubeClient } from './client.ts';
import { ownedFields, ownsPath } from './owned-fields.ts';
import type { KubeObject, Resource } from './resource.ts';

/**
 * A field that belongs to another controller once the object is there: `replicas` under an autoscaler. An apply that
 * leaves a field out removes it when nobody else owns it, and the API server then sets its default, which for
 * `replicas` is 1. So the object is made with `initial`, and a field of ours is first given to a manager that holds
 * it until the other controller takes it, as the documentation of server-side apply describes.
 */
export type HandedOver = { path: readonly string[]; initial: unknown };

export function isHeld(object: KubeObject, manager: string, fields: readonly HandedOver[]): boolean {
  const owned = ownedFields(object, manager);
  return fields.some(({ path }) => ownsPath(owned, path));
}

export function withInitial(object: KubeObject, fields: readonly HandedOver[]): KubeObject {
  return fields.reduce<KubeObject>(
    (whole, { path, initial }) => setAt(whole, path, initial) as KubeObject,
    object,
  );
}

/** @returns the object after it, unchanged when nothing was ours */
export async function handOver(
  client: KubeClient,
  about: { resource: Resource; object: KubeObject; manager: string },
  fields: readonly HandedOver[],
): Promise<KubeObject> {
  const { resource, object, manager } = about;
  const owned = ownedFields(object, manager);
  const held = fields.filter(({ path }) => ownsPath(owned, path));
  if (held.length === 0) return object;
  const known = held.every(({ path }) => valueAt(object, path) !== undefined);
  // Its version is the base, so that the value cannot be an old one.
  const current = known ? object : await client.get(resource, object.metadata);
  const { name, namespace, uid, resourceVersion } = current.metadata;
  const shell = {
    apiVersion: current.apiVersion,
    kind: current.kind,
    metadata: { name, namespace, uid, resourceVersion },
  } as KubeObject;
  const body = held.reduce<object>((whole, { path }) => setAt(whole, path, valueAt(current, path)), shell);
  return client.apply(resource, body as KubeObject, { fieldManager: `${manager}-handover` });
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], object);
}

function setAt(object: object, [name = '', ...rest]: readonly string[], value: unknown): object {
  const at = (object as Record<string, object | undefined>)[name];
  return { ...object, [name]: rest.length === 0 ? value : setAt(at ?? {}, rest, value) };
}
