import type { ArgoCdConfig } from '../config/argocd-config.ts';
import type { Manifest } from '../manifest-files.ts';

export const PROJECT = 'cofferdam';

type Environments = ReadonlyMap<string, readonly Manifest[]>;

/**
 * Least rights: this repository, into the namespaces that are rendered, on the clusters that are named, and of no kind
 * but those that are rendered. A Secret is not among them, and a new kind of object needs this project to be changed.
 * What belongs to a cluster as a whole is named one by one: a ClusterRoleBinding of any name would be every right.
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
    clusterResourceWhitelist: namesOf(all.filter(({ metadata }) => metadata.namespace === undefined)),
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

interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

function kindsOf(manifests: readonly Manifest[]): GroupKind[] {
  return distinct(manifests.map(groupKind));
}

/** `name` is a pattern (Go's `filepath.Match`), in which no name of a Kubernetes object means anything but itself. */
function namesOf(manifests: readonly Manifest[]): (GroupKind & { readonly name: string })[] {
  return distinct(manifests.map((manifest) => ({ ...groupKind(manifest), name: manifest.metadata.name })));
}

function groupKind({ apiVersion, kind }: Manifest): GroupKind {
  return { group: apiVersion.includes('/') ? apiVersion.replace(/\/.*$/, '') : '', kind };
}

function distinct<T extends object>(all: readonly T[]): T[] {
  const byText = new Map(all.map((one) => [Object.values(one).join('/'), one]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
