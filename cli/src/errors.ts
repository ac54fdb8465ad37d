import type { PromotionErrorCode } from '@cofferdam/promotion';

export type CliErrorCode =
  | PromotionErrorCode
  | 'cluster_running'
  | 'cluster_failed'
  | 'cluster_unreachable'
  | 'vault_unreachable'
  | 'not_ready'
  | 'not_found'
  | 'manifest_invalid'
  | 'request_failed'
  | 'usage_invalid';

/** An error that a person can act on: the message says what was found and the next step. */
export class CliError extends Error {
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CliError';
    this.code = code;
  }
}

/** docs/promotion.md explains each; a workflow may branch on them, so they do not change. */
const PROMOTION_STATUS: Readonly<Record<PromotionErrorCode, number>> = {
  host_unreachable: 3,
  health_unreachable: 3,
  slo_unreachable: 3,
  verifier_unreachable: 3,
  environment_unknown: 4,
  config_invalid: 10,
  pin_invalid: 11,
  tree_dirty: 12,
  checkout_stale: 13,
  target_moved: 14,
  repository_forbidden: 15,
  rate_limited: 16,
  host_refused: 17,
  rendered_stale: 18,
  clone_shallow: 19,
  not_synced: 20,
  unhealthy: 21,
  not_soaked: 22,
  images_unverified: 23,
  slo_burning: 24,
  slo_unmeasured: 25,
  unreleased: 26,
  rolled_back: 27,
  verifier_missing: 28,
  clone_unreadable: 29,
  schema_too_new: 30,
  schema_unknown: 31,
  nothing_to_roll_back: 32,
};

/** The exit status of an error, where it is not 1. */
export const EXIT_STATUS: Partial<Record<CliErrorCode, number>> = {
  cluster_unreachable: 3,
  vault_unreachable: 3,
  ...PROMOTION_STATUS,
};
