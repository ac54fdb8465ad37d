/** What a promotion, a rollback or a question about them ends with; docs/promotion.md has the exit status of each. */
export type PromotionErrorCode =
  | 'config_invalid'
  | 'pin_invalid'
  | 'environment_unknown'
  | 'tree_dirty'
  | 'checkout_stale'
  | 'rendered_stale'
  | 'clone_shallow'
  | 'clone_unreadable'
  | 'repository_forbidden'
  | 'target_moved'
  | 'rate_limited'
  | 'host_refused'
  | 'host_unreachable'
  | 'health_unreachable'
  | 'slo_unreachable'
  | 'verifier_missing'
  | 'verifier_unreachable'
  | 'unreleased'
  | 'rolled_back'
  | 'not_synced'
  | 'unhealthy'
  | 'not_soaked'
  | 'images_unverified'
  | 'slo_burning'
  | 'slo_unmeasured'
  | 'schema_too_new'
  | 'schema_unknown'
  | 'nothing_to_roll_back';

/** The message says what was found and the next step. */
export class PromotionError extends Error {
  readonly code: PromotionErrorCode;

  constructor(code: PromotionErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'PromotionError';
    this.code = code;
  }
}
