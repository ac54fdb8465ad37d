export type CliErrorCode =
  | 'cluster_running'
  | 'cluster_failed'
  | 'not_ready'
  | 'manifest_invalid'
  | 'request_failed';

/** An error that a person can act on: the message says what was found and the next step. */
export class CliError extends Error {
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CliError';
    this.code = code;
  }
}
