import type { ArgoCdConfig } from '../config/argocd-config.ts';
import type { Manifest } from '../manifest-files.ts';

export const PROJECT = 'cofferdam';

type Environments = ReadonlyMap<string, readonly Manifest[]>;

/**
 * Least rights: this repository, into the namespaces that are rendered, on the clusters that are named, and of no kind
 * but those that are rendered. A Secret is not among them, and a new kind of object needs this project to be changed.
 */
export function projectSpec({ repository, clusters }: ArgoCdConfig, environments: Environments): object {
  const managed = Object.entries(clusters).map(([name, cluster]) => ({
    cluster,
    manifests: environments.get(name) ?? [],
  }));
  const all = managed.flatMap(({ manifests }) => manifests);
  return {
    description: 'Payment environments, as environments/ of the repository has them.',
    sourceRepos: [repository],
    destinations: managed.flatMap(({ cluster, manifests }) =>
      namespacesOf(manifests).map((namespace) => ({ name: cluster, namespace })),
    ),
    clusterResourceWhitelist: kindsOf(all.filter(({ metadata }) => metadata.namespace === undefined)),
    namespaceResourceWhitelist: kindsOf(all.filter(({ metadata }) => metadata.namespace !== undefined)),
    roles: [
      {
        name: 'promotion',
        description: 'Reads what runs, for the gate of a promotion.',
        policies: [`p, proj:${PROJECT}:promotion, applications, get, ${PROJECT}/*, allow`],
      },
    ],
  };
}

function namespacesOf(manifests: readonly Manifest[]): string[] {
  return [...new Set(manifests.flatMap(({ metadata }) => metadata.namespace ?? []))].sort();
}

function kindsOf(manifests: readonly Manifest[]): { group: string; kind: string }[] {
  const kinds = manifests.map(({ apiVersion, kind }) => ({
    group: apiVersion.includes('/') ? apiVersion.replace(/\/.*$/, '') : '',
    kind,
  }));
  const byName = new Map(kinds.map((one) => [`${one.group}/${one.kind}`, one]));
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
