import type { KubeClient } from './client.ts';
import { isKubeError } from './kube-error.ts';
import type { KubeObject, Resource } from './resource.ts';

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Adds the finalizer unless it is there; the resourceVersion makes a stale view a conflict. */
export async function ensureFinalizer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  object: T,
  finalizer: string,
): Promise<T> {
  if (hasFinalizer(object, finalizer)) return object;
  const { resourceVersion, finalizers = [] } = object.metadata;
  const metadata = { resourceVersion, finalizers: [...finalizers, finalizer] };
  return client.patch<T>(resource, object.metadata, { type: 'merge', body: { metadata } });
}

/** Removes it, which lets the API server delete the object; an object that is gone already is fine. */
export async function dropFinalizer(
  client: KubeClient,
  resource: Resource,
  object: KubeObject,
  finalizer: string,
): Promise<void> {
  if (!hasFinalizer(object, finalizer)) return;
  const { resourceVersion, uid, finalizers = [] } = object.metadata;
  const metadata = { uid, resourceVersion, finalizers: finalizers.filter((name) => name !== finalizer) };
  try {
    await client.patch(resource, object.metadata, { type: 'merge', body: { metadata } });
  } catch (error) {
    if (!isKubeError(error, 'not_found')) throw error;
  }
}
