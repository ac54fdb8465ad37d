export { PromotionError, type PromotionErrorCode } from './errors.ts';
export type {
  ApplicationHealth,
  ApplicationState,
  Deployment,
  HealthStatus,
  SyncStatus,
} from './ports/application-health.ts';
export type { ImageAttestation, ImageEvidence } from './ports/image-attestation.ts';
export type { LoggedCommit, Repository, RepositoryHistory } from './ports/repository.ts';
export type { BurningSlo, SloBurn, SloState } from './ports/slo-burn.ts';
export type {
  Branches,
  Commit,
  CommitState,
  CommitStatus,
  CommitStatuses,
  NewCommit,
  PullRequest,
  PullRequests,
  SourceHost,
} from './ports/source-host.ts';
