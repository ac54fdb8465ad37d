import { isKubeError, type KubeClient, type KubeObject, type Resource } from '@cofferdam/operator/engine';
import { CliError } from '../errors.ts';
import type { Change } from './compare.ts';

type Managed = { manager?: string; operation?: string; subresource?: string };

/** Argo CD writes it into what it applies, and no file has it. */
const TRACKING = 'argocd.argoproj.io/tracking-id';

/** What whoever applied an object would apply again. */
export function withTracking<T extends KubeObject>(object: T, live: KubeObject | undefined): T {
  const id = live?.metadata.annotations?.[TRACKING];
  if (id === undefined) return object;
  const annotations = { ...object.metadata.annotations, [TRACKING]: id };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** What an object is now; undefined when it is not there. */
export async function liveObject(
  client: KubeClient,
  resource: Resource,
  key: { namespace?: string; name: string },
): Promise<KubeObject | undefined> {
  try {
    return await client.get<KubeObject>(resource, key);
  } catch (error) {
    if (isKubeError(error, 'not_found')) return undefined;
    throw error;
  }
}

/**
 * What an object would be after a server-side apply; nothing is written.
 * @throws CliError `manifest_invalid` with the API server's words when it refuses the object
 */
export async function dryRun(
  client: KubeClient,
  resource: Resource,
  object: KubeObject,
  { live, fieldManager }: { live: KubeObject | undefined; fieldManager: string },
): Promise<Change> {
  const { namespace, name: plain } = object.metadata;
  const name = `${resource.kind} ${namespace === undefined ? '' : `${namespace}/`}${plain}`;
  try {
    const wanted = await client.apply<KubeObject>(resource, object, {
      dryRun: true,
      fieldManager,
      force: true,
    });
    return { name, live, wanted };
  } catch (error) {
    // Its namespace is made by the same manifests, perhaps.
    if (isKubeError(error, 'not_found') && live === undefined) return { name, live, wanted: object };
    if (!isKubeError(error, 'invalid', 'conflict')) throw error;
    throw new CliError('manifest_invalid', `${name} would be refused: ${error.message}`, error);
  }
}

/**
 * Under whose name the object was applied, so that a member that the file drops is seen to go: Argo CD's, for
 * example. kubectl's for an object that nobody applied.
 */
export function managerOf(live: KubeObject | undefined): string {
  const entries = (live?.metadata.managedFields ?? []) as Managed[];
  const found = entries.find(
    ({ operation, subresource, manager }) =>
      operation === 'Apply' && subresource === undefined && manager !== 'cofferdam-operator',
  );
  return found?.manager ?? 'kubectl';
}
