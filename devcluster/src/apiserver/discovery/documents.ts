import { apiVersionOf, type JsonObject } from '../object.ts';
import type { GroupVersion, Registry } from '../resources/registry.ts';
import type { Resource } from '../resources/resource.ts';
import { compareVersions } from './versions.ts';

function resourceEntries(resource: Resource): JsonObject[] {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories, subresources } = resource;
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
  };
  const below = subresources.map((subresource) => ({
    name: `${plural}/${subresource.name}`,
    singularName: '',
    namespaced,
    ...(subresource.kind === undefined
      ? { kind }
      : { group: subresource.kind.group, version: subresource.kind.version, kind: subresource.kind.kind }),
    verbs: subresource.verbs,
  }));
  return [main, ...below];
}

/** `/api/v1`, `/apis/apps/v1` */
export function resourceList(group: string, version: string, resources: Resource[]): JsonObject {
  return {
    kind: 'APIResourceList',
    // The legacy group's document has never carried its own apiVersion.
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf(group, version),
    resources: resources.flatMap(resourceEntries),
  };
}

function groupEntry(group: string, versions: GroupVersion[]): JsonObject {
  const listed = versions.map(({ version }) => ({ groupVersion: apiVersionOf(group, version), version }));
  return { name: group, versions: listed, preferredVersion: listed[0] };
}

function versionsByGroup(registry: Registry): Map<string, GroupVersion[]> {
  const groups = new Map<string, GroupVersion[]>();
  for (const entry of registry.groupVersions()) {
    groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  }
  for (const [group, versions] of groups) groups.set(group, byPriority(versions));
  return groups;
}

export function byPriority(versions: GroupVersion[]): GroupVersion[] {
  return [...versions].sort((a, b) => compareVersions(a.version, b.version));
}

export function apiVersions(address: string): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

export function groupList(registry: Registry): JsonObject {
  const groups = [...versionsByGroup(registry)].filter(([group]) => group !== '');
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.map(([group, versions]) => groupEntry(group, versions)),
  };
}

export function groupDocument(registry: Registry, group: string): JsonObject | undefined {
  const versions = versionsByGroup(registry).get(group);
  if (versions === undefined || group === '') return undefined;
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group, versions) };
}

function aggregatedResource(resource: Resource): JsonObject {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories, subresources } = resource;
  // An empty group and version are those of the document around it.
  const own = { group: '', version: '', kind };
  return {
    resource: plural,
    responseKind: own,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map((subresource) => ({
            subresource: subresource.name,
            responseKind: subresource.kind ?? own,
            verbs: subresource.verbs,
          })),
        }
      : {}),
  };
}

/** Everything in one document, for `/api` (the legacy group) or `/apis` (all others). */
export function aggregated(registry: Registry, legacy: boolean): JsonObject {
  const groups = [...versionsByGroup(registry)].filter(([group]) => (group === '') === legacy);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map(({ version, resources }) => ({
        version,
        resources: resources.map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  };
}
