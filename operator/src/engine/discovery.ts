import type { KubeClient } from './client.ts';
import { isKubeError } from './kube-error.ts';
import type { Resource } from './resource.ts';

/** `monitoring.coreos.com/ServiceMonitor`: how a kind stands in what `discoverApis` answers. */
export function apiName({ group, kind }: Pick<Resource, 'group' | 'kind'>): string {
  return `${group}/${kind}`;
}

type Groups = { groups?: { name: string; versions?: { version: string }[] }[] };
type Resources = { resources?: { name: string; kind: string }[] };

/**
 * Which of these kinds the API server serves, in the version that we speak. Asks the list of groups, and the kinds
 * of those groups only that are there: one request where there is none. Everybody who has a token may ask.
 *
 * @param before what was known: holds for a group whose own server does not answer
 * @throws KubeError when the API server cannot be asked
 */
export async function discoverApis(
  client: Pick<KubeClient, 'raw'>,
  resources: readonly Resource[],
  before: ReadonlySet<string> = new Set(),
): Promise<ReadonlySet<string>> {
  const { groups = [] }: Groups = JSON.parse(await client.raw('/apis'));
  const found = new Set<string>();
  for (const groupVersion of new Set(resources.map(({ group, version }) => `${group}/${version}`))) {
    const [group, version] = groupVersion.split('/');
    const served = groups
      .find(({ name }) => name === group)
      ?.versions?.some((one) => one.version === version);
    const wanted = resources.filter((one) => one.group === group && one.version === version);
    const kinds = served ? await kindsOf(client, groupVersion) : new Set<string>();
    for (const resource of wanted) {
      const name = apiName(resource);
      if (kinds === undefined ? before.has(name) : kinds.has(`${resource.plural} ${resource.kind}`))
        found.add(name);
    }
  }
  return found;
}

/** `undefined` while the server of the group does not answer: an aggregated one, or one that is just being installed. */
async function kindsOf(
  client: Pick<KubeClient, 'raw'>,
  groupVersion: string,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const { resources = [] }: Resources = JSON.parse(await client.raw(`/apis/${groupVersion}`));
    return new Set(resources.map(({ name, kind }) => `${name} ${kind}`));
  } catch (error) {
    if (isKubeError(error, 'not_found')) return new Set();
    if (isKubeError(error, 'server_error')) return undefined;
    throw error;
  }
}
