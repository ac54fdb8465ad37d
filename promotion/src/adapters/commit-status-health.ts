import type { ApplicationHealth, Deployment } from '../ports/application-health.ts';
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
 */
export function commitStatusHealth(host: CommitStatuses): ApplicationHealth {
  return {
    async state(environment, revisions) {
      const context = `argocd/cofferdam-${environment}`;
      const said: (CommitStatus & { revision: string })[] = [];
      // One request for each commit: those of the last merges are enough, for Argo CD syncs the newest.
      for (const revision of revisions.slice(0, MOST_COMMITS)) {
        const statuses = await host.statuses(revision, context);
        said.push(...statuses.map((status) => ({ ...status, revision })));
      }
      // Stable: of the same second, the host's own order stays.
      said.sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
      const [last] = said;
      if (last === undefined) return undefined;
      const run = unbroken(said, last.state);
      const deployments: Deployment[] = run.map(({ revision, createdAt }) => ({
        revision,
        deployedAt: createdAt,
      }));
      return {
        sync: 'Synced',
        revision: last.revision,
        health: HEALTH[last.state],
        healthSince: run.at(-1)?.createdAt,
        message: last.state === 'success' ? undefined : last.description,
        deployments: deployments.toReversed(),
      };
    },
  };
}

const MOST_COMMITS = 50;

/** The newest ones that say the same. */
function unbroken<S extends { readonly state: CommitState }>(said: readonly S[], state: CommitState): S[] {
  const end = said.findIndex((status) => status.state !== state);
  return said.slice(0, end < 0 ? said.length : end);
}
