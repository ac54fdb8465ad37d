import {
  isKubeError,
  type KubeClient,
  type KubeObject,
  RESOURCES,
  type Resource,
} from '@cofferdam/operator/engine';
import { CliError } from '../errors.ts';
import type { Manifest } from './manifests.ts';

interface ApiResourceList {
  resources: { name: string; kind: string; namespaced: boolean }[];
}

/**
 * Applies manifests as Argo CD does with `ServerSideApply=true`: in order, each by server-side apply under its
 * field manager. A custom resource whose definition is ours or among them waits until it is served; any other kind that
 * the cluster lacks is passed over, as with `SkipDryRunOnMissingResource`.
 * @throws CliError `manifest_invalid` with the object and what the API server found wrong
 */
export async function applyManifests(
  client: KubeClient,
  manifests: readonly Manifest[],
): Promise<{ passedOver: string[] }> {
  const passedOver = new Set<string>();
  const resources = resourceFinder(client, manifests);
  for (const manifest of manifests) {
    const resource = await resources(manifest);
    if (resource === undefined) passedOver.add(`${manifest.kind} (${manifest.apiVersion})`);
    else await applyManifest(client, resource, manifest);
  }
  return { passedOver: [...passedOver] };
}

/** @throws CliError `manifest_invalid` */
export async function applyManifest(
  client: KubeClient,
  resource: Resource,
  manifest: Manifest,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<KubeObject> {
  try {
    return await client.apply(resource, manifest as KubeObject, { fieldManager: FIELD_MANAGER, dryRun });
  } catch (error) {
    if (!isKubeError(error)) throw error;
    const name = `${manifest.kind} ${manifest.metadata.name}`;
    throw new CliError('manifest_invalid', `${name} was refused: ${error.message}`, error);
  }
}

/** Of Argo CD's application controller. */
const FIELD_MANAGER = 'argocd-controller';
const OUR_GROUP = 'payments.cofferdam.dev/';

export type ResourceFinder = (manifest: Manifest) => Promise<Resource | undefined>;

/**
 * Where each manifest goes; undefined: the cluster does not serve its kind.
 * @param manifests applied together; a kind that one of them defines is waited for
 */
export function resourceFinder(client: KubeClient, manifests: readonly Manifest[]): ResourceFinder {
  const served = new Map<string, ApiResourceList['resources']>();
  const defined = new Set(manifests.flatMap(definedKind));
  return async (manifest) => {
    const { apiVersion, kind } = manifest;
    const ours = apiVersion.startsWith(OUR_GROUP) || defined.has(`${groupOf(apiVersion)[0]}/${kind}`);
    const deadline = performance.now() + (ours ? 10_000 : 0);
    for (;;) {
      const found = await find(client, manifest, served);
      if (found !== undefined) return found;
      if (ours && performance.now() > deadline)
        throw new CliError('manifest_invalid', `the cluster does not serve ${apiVersion} ${kind}`);
      if (!ours) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
}

function definedKind({ kind, spec }: Manifest): string[] {
  if (kind !== 'CustomResourceDefinition') return [];
  const { group, names } = spec as { group: string; names: { kind: string } };
  return [`${group}/${names.kind}`];
}

async function find(
  client: KubeClient,
  { apiVersion, kind }: Manifest,
  served: Map<string, ApiResourceList['resources']>,
): Promise<Resource | undefined> {
  const [group, version] = groupOf(apiVersion);
  const known = served.get(apiVersion) ?? (await discover(client, group, version));
  const found = known.find((resource) => resource.kind === kind && !resource.name.includes('/'));
  if (found === undefined) return undefined;
  served.set(apiVersion, known);
  return { group, version, plural: found.name, kind, namespaced: found.namespaced };
}

function groupOf(apiVersion: string): [group: string, version: string] {
  return apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
}

async function discover(
  client: KubeClient,
  group: string,
  version: string,
): Promise<ApiResourceList['resources']> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  try {
    return (JSON.parse(await client.raw(path)) as ApiResourceList).resources;
  } catch (error) {
    if (isKubeError(error, 'not_found')) return [];
    throw error;
  }
}

/** A Secret of text values. Made here because nothing that holds a secret is in Git. */
export async function applySecret(
  client: KubeClient,
  { namespace, name }: { namespace: string; name: string },
  values: Record<string, string>,
): Promise<void> {
  // Not `stringData`: an apply of it leaves nobody owning `data`, where the values end up.
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, type: 'Opaque', data };
  await client.apply(RESOURCES.secrets, secret, { fieldManager: 'cofferdam-demo' });
}

/** A ConfigMap that belongs to the cluster that was raised, and so to no file in Git. */
export async function applyConfigMap(
  client: KubeClient,
  { namespace, name }: { namespace: string; name: string },
  data: Record<string, string>,
): Promise<void> {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data };
  await client.apply(RESOURCES.configMaps, configMap, { fieldManager: 'cofferdam-demo' });
}
