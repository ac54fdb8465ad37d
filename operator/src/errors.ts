/** What went wrong, as a code. Errors of the Kubernetes API are the engine's KubeError. */
export type OperatorErrorCode =
  /** The lease went to another: this process must not write any more. */
  | 'leadership_lost'
  /** There is no certificate authority to sign with, or what is known of it is too old. */
  | 'authority_unavailable';

export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly code: OperatorErrorCode;

  constructor(code: OperatorErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
