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
 * field manager. A custom resource waits until its kind is served.
 * @throws CliError `manifest_invalid` with the object and what the API server found wrong
 */
export async function applyManifests(client: KubeClient, manifests: readonly Manifest[]): Promise<void> {
  const served = new Map<string, ApiResourceList['resources']>();
  for (const manifest of manifests) {
    const resource = await find(client, manifest, served);
    try {
      await client.apply(resource, manifest as KubeObject, { fieldManager: 'argocd-controller' });
    } catch (error) {
      if (!isKubeError(error)) throw error;
      const name = `${manifest.kind} ${manifest.metadata.name}`;
      throw new CliError('manifest_invalid', `${name} was refused: ${error.message}`, error);
    }
  }
}

async function find(
  client: KubeClient,
  { apiVersion, kind }: Manifest,
  served: Map<string, ApiResourceList['resources']>,
): Promise<Resource> {
  const [group, version] = apiVersion.includes('/')
    ? (apiVersion.split('/') as [string, string])
    : ['', apiVersion];
  const deadline = performance.now() + 10_000;
  for (;;) {
    const known = served.get(apiVersion) ?? (await discover(client, group, version));
    const found = known.find((resource) => resource.kind === kind && !resource.name.includes('/'));
    if (found) {
      served.set(apiVersion, known);
      return { group, version, plural: found.name, kind, namespaced: found.namespaced };
    }
    if (performance.now() > deadline)
      throw new CliError('manifest_invalid', `the cluster does not serve ${apiVersion} ${kind}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
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
