export { argoCd } from './adapters/argocd.ts';
export { commitStatusHealth } from './adapters/commit-status-health.ts';
export { gitRepository } from './adapters/git-repository.ts';
export type { GitHubCredentials, GitHubOptions } from './adapters/github/client.ts';
export { gitHub } from './adapters/github/source-host.ts';
export { postedBy } from './adapters/posted-by.ts';
export { prometheus } from './adapters/prometheus.ts';
export { sigstore } from './adapters/sigstore.ts';
export type { GateDecision } from './domain/gates.ts';
export { type PinChange, type Pins, shortDigest, withPins } from './domain/pins.ts';
export { CONFIG_PATH, PromotionConfig, type PromotionStep } from './domain/promotion-config.ts';
export { branchOf } from './domain/pull-request.ts';
export type { HistoryEntry, ReleaseKind } from './domain/releases.ts';
export type { Category, FieldChange } from './domain/rendered-diff.ts';
export { type Drift, drift, type EnvironmentDrift, environmentNames } from './drift.ts';
export { PromotionError, type PromotionErrorCode } from './errors.ts';
export { type EnvironmentHistory, history } from './history.ts';
export { type Renderer, readConfig } from './inputs.ts';
export { type HostedRepository, hostedRepository, sayMisconfigured } from './misconfigured.ts';
export { type PinOptions, type PinResult, pin } from './pin.ts';
export type {
  ApplicationHealth,
  ApplicationState,
  Deployment,
  HealthStatus,
  SyncStatus,
} from './ports/application-health.ts';
export type { ImageAttestation, ImageEvidence } from './ports/image-attestation.ts';
export type { LiveDifference, LiveObjects } from './ports/live-objects.ts';
export type { LoggedCommit, Repository, RepositoryHistory } from './ports/repository.ts';
export type { BurningSlo, SloBurn, SloState } from './ports/slo-burn.ts';
export type {
  Branches,
  Commit,
  CommitState,
  CommitStatus,
  CommitStatuses,
  MergedPullRequests,
  NewCommit,
  PullRequest,
  PullRequests,
  SourceHost,
} from './ports/source-host.ts';
export {
  type PromoteOptions,
  type PromotePorts,
  type PromoteResult,
  promote,
} from './promote.ts';
export { STATUS_CONTEXT } from './propose.ts';
export type { ProposalResult } from './release-proposal.ts';
export { type RollbackOptions, type RollbackPorts, type RollbackResult, rollback } from './rollback.ts';
export { heldBy } from './source-gates.ts';
export type { Waiting } from './wait.ts';
