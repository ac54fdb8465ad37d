import type { ApplicationHealth, ApplicationState, Deployment } from '../ports/application-health.ts';
import type { CommitState, CommitStatus, CommitStatuses } from '../ports/source-host.ts';

const HEALTH = {
  success: 'Healthy',
  pending: 'Progressing',
  failure: 'Degraded',
  error: 'Degraded',
} as const;

/**
 * What Argo CD's notifications said on the host, context `argocd/cofferdam-<environment>`: for runs that cannot reach
 * Argo CD. `success` means synced and healthy; whatever was said last of any of the commits counts.
 * @param creator whose statuses count: anybody who may write to the repository may set one in any context
 */
export function commitStatusHealth(host: CommitStatuses, creator: string): ApplicationHealth {
  /** Of commits that Argo CD has left: whoever waits for hours does not ask for each of them every minute. */
  const left = new Map<string, readonly CommitStatus[]>();
  let reported: string | undefined;
  const statusesOf = async (revision: string, context: string, isNewest: boolean) => {
    const key = `${context} ${revision}`;
    const known = isNewest || revision === reported ? undefined : left.get(key);
    const found = known ?? (await host.statuses(revision, context));
    left.set(key, found);
    return found;
  };
  return {
    async state(environment, revisions) {
      const context = `argocd/cofferdam-${environment}`;
      const said: (CommitStatus & { revision: string })[] = [];
      // One request for each commit: those of the last merges are enough, for Argo CD syncs the newest.
      for (const revision of revisions.slice(0, MOST_COMMITS)) {
        const statuses = await statusesOf(revision, context, revision === revisions[0]);
        const believed = statuses.filter((status) => status.creator === creator);
        said.push(...believed.map((status) => ({ ...status, revision })));
      }
      // Stable: of the same second, the host's own order stays.
      said.sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
      const [last] = said;
      reported = last?.revision;
      if (last === undefined) return undefined;
      const run = unbroken(said, last.state);
      const deployments: Deployment[] = run.map(({ revision, createdAt }) => ({
        revision,
        deployedAt: createdAt,
      }));
      return {
        ...saidOf(last),
        revision: last.revision,
        healthSince: run.at(-1)?.createdAt,
        message: last.state === 'success' ? undefined : last.description,
        deployments: deployments.toReversed(),
      };
    },
  };
}

const MOST_COMMITS = 50;

/** Where it is no success, Argo CD says both: `OutOfSync, Healthy` (cdk8s/src/argocd/notifications.ts). */
function saidOf({ state, description }: CommitStatus): Pick<ApplicationState, 'sync' | 'health'> {
  const sync = /^(OutOfSync|Unknown), /.exec(description)?.[1];
  const isSynced = state === 'success' || sync === undefined;
  return { sync: isSynced ? 'Synced' : sync === 'OutOfSync' ? sync : 'Unknown', health: HEALTH[state] };
}

/** The newest ones that say the same. */
function unbroken<S extends { readonly state: CommitState }>(said: readonly S[], state: CommitState): S[] {
  const end = said.findIndex((status) => status.state !== state);
  return said.slice(0, end < 0 ? said.length : end);
}
