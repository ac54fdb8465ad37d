import type { ArgoCdConfig } from '../config/argocd-config.ts';
import type { Manifest } from '../manifest-files.ts';
import { PROJECT } from './app-project.ts';
import { SUBSCRIPTIONS } from './notifications.ts';

type Environments = ReadonlyMap<string, readonly Manifest[]>;

const ENVIRONMENT = '{{.path.basename}}';

/** An Application `cofferdam-<env>` for each directory of `environments/` whose cluster is named. */
export function applicationSetSpec(config: ArgoCdConfig, environments: Environments): object {
  const { repository: repoURL, revision, clusters } = config;
  const others = [...environments.keys()].filter((name) => clusters[name] === undefined);
  return {
    goTemplate: true,
    goTemplateOptions: ['missingkey=error'],
    generators: [
      {
        git: {
          repoURL,
          revision,
          directories: [
            { path: 'environments/*' },
            ...others.map((name) => ({ path: `environments/${name}`, exclude: true })),
          ],
        },
      },
    ],
    // An environment's directory that is gone, or this object, takes nothing along that runs.
    syncPolicy: { applicationsSync: 'create-update', preserveResourcesOnDeletion: true },
    template: {
      metadata: {
        name: `cofferdam-${ENVIRONMENT}`,
        labels: { 'payments.cofferdam.dev/environment': ENVIRONMENT },
        annotations: {
          // As the API server sees it: what a kind of somebody else's fills in by default is no difference.
          'argocd.argoproj.io/compare-options': 'ServerSideDiff=true',
          ...(config.github === undefined ? {} : SUBSCRIPTIONS),
        },
      },
      spec: {
        project: PROJECT,
        source: { repoURL, targetRevision: revision, path: '{{.path.path}}/rendered' },
        destination: {
          name: lookup(clusters),
          namespace: lookup(paymentNamespaces(clusters, environments)),
        },
        syncPolicy: SYNC_POLICY,
        revisionHistoryLimit: 20,
      },
    },
  };
}

const SYNC_POLICY = {
  automated: { prune: true, selfHeal: true, allowEmpty: false },
  syncOptions: [
    'ServerSideApply=true',
    // Namespaces are in Git, with their labels of Pod Security: one made here would have none.
    'CreateNamespace=false',
    // What has not changed is not waited for: a vault that is degraded does not hold up the mending of a connector.
    'ApplyOutOfSyncOnly=true',
    'FailOnSharedResource=true',
    'PrunePropagationPolicy=foreground',
  ],
  // Each retry takes what Git says by then, such as the commit that undoes the one that failed.
  retry: { limit: 5, refresh: true, backoff: { duration: '15s', factor: 2, maxDuration: '5m' } },
};

/** The value for an environment, in the language of the template (Go's, with sprig). */
function lookup(values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)} ${JSON.stringify(value)}`);
  return `{{get (dict ${pairs.join(' ')}) .path.basename}}`;
}

/** The namespace of each environment's vault. Every object names its own; this one is for the project's rules. */
function paymentNamespaces(clusters: ArgoCdConfig['clusters'], environments: Environments) {
  return Object.fromEntries(
    Object.keys(clusters).map((name) => {
      const vault = environments.get(name)?.find(({ kind }) => kind === 'PaymentVault');
      return [name, vault?.metadata.namespace ?? ''];
    }),
  );
}
