import type { KubeClient, Resource } from '@cofferdam/operator/engine';

export type DiscoveredResource = Resource & { verbs: string[] };

type ResourceList = {
  groupVersion: string;
  resources?: { name: string; kind: string; namespaced: boolean; verbs?: string[] }[];
};
type GroupList = { groups?: { name: string; preferredVersion?: { groupVersion: string } }[] };

/** The resources that the API server serves, each in the version it prefers; subresources left out. */
export async function discover(client: KubeClient): Promise<DiscoveredResource[]> {
  const { groups = [] } = JSON.parse(await client.raw('/apis')) as GroupList;
  const preferred = groups.flatMap(({ preferredVersion }) => preferredVersion?.groupVersion ?? []);
  const paths = ['/api/v1', ...preferred.map((groupVersion) => `/apis/${groupVersion}`)];
  const lists = await Promise.all(
    paths.map(async (path) => JSON.parse(await client.raw(path)) as ResourceList),
  );
  return lists.flatMap(({ groupVersion, resources = [] }) => {
    const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
    return resources
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, namespaced, verbs = [] }) => ({
        group: group ?? '',
        version: version ?? '',
        plural: name,
        kind,
        namespaced,
        verbs,
      }));
  });
}

export const can = (resource: DiscoveredResource, ...verbs: string[]): boolean =>
  verbs.every((verb) => resource.verbs.includes(verb));
