export type CliErrorCode =
  | 'cluster_running'
  | 'cluster_failed'
  | 'cluster_unreachable'
  | 'not_ready'
  | 'not_found'
  | 'environment_unknown'
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

/** The exit status of an error, where it is not 1. */
export const EXIT_STATUS: Partial<Record<CliErrorCode, number>> = {
  cluster_unreachable: 3,
  environment_unknown: 4,
};
