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

/** Nobody answered, or not now. */
const RETRYABLE: readonly PromotionErrorCode[] = [
  'host_unreachable',
  'health_unreachable',
  'slo_unreachable',
  'verifier_unreachable',
  'rate_limited',
];

/** The message says what was found and the next step. */
export class PromotionError extends Error {
  readonly code: PromotionErrorCode;
  /** The same, asked later, may be answered. */
  readonly retryable: boolean;

  constructor(
    code: PromotionErrorCode,
    message: string,
    cause?: unknown,
    retryable = RETRYABLE.includes(code),
  ) {
    super(message, { cause });
    this.name = 'PromotionError';
    this.code = code;
    this.retryable = retryable;
  }
}
