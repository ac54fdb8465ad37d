/** Words of Argo CD: https://argo-cd.readthedocs.io/en/stable/operator-manual/health/ */
export type HealthStatus = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing' | 'Unknown';
export type SyncStatus = 'Synced' | 'OutOfSync' | 'Unknown';

export interface Deployment {
  /** Commit that was synced. */
  readonly revision: string;
  /** RFC 3339: when that sync was complete. */
  readonly deployedAt: string;
}

/** What the syncer last said about an environment's Application. */
export interface ApplicationState {
  readonly sync: SyncStatus;
  /** Commit that the cluster was last compared with. */
  readonly revision: string | undefined;
  readonly health: HealthStatus;
  /** RFC 3339: since when `health` is what it is; undefined: the syncer does not say. */
  readonly healthSince: string | undefined;
  /** The syncer's own words about what is wrong. */
  readonly message?: string | undefined;
  /** Syncs that succeeded, oldest first; older ones may be forgotten. */
  readonly deployments: readonly Deployment[];
  /** Objects that differ from Git, such as `Deployment payments/payments-vault`; undefined: the syncer does not say. */
  readonly outOfSync?: readonly string[] | undefined;
}

/** Argo CD, or what stands in for it. */
export interface ApplicationHealth {
  /**
   * @param environment such as `staging`; its Application is `cofferdam-staging`
   * @param revisions commits of the base branch at which the environment's rendered files are what they are at its
   *   head, newest first: a host's commit statuses are looked for on these
   * @returns undefined: there is no such Application, or nothing was ever said about one of these commits
   * @throws {PromotionError} `health_unreachable`
   */
  state(environment: string, revisions: readonly string[]): Promise<ApplicationState | undefined>;
}
