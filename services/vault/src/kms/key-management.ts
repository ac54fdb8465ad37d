/** Bound to a data key by KMS: it unwraps only where the same context is named, and grants are limited by it. */
export interface KeyContext {
  vaultId: string;
  merchant: string;
  purpose: string;
}

/** What the vault needs of a key management service. */
export interface KeyManagement {
  /** A new 256-bit key, in the clear and wrapped. @throws {KeyManagementError} */
  generateDataKey(keyArn: string, context: KeyContext): Promise<{ plaintext: Buffer; wrapped: Buffer }>;
  /** @throws {KeyManagementError} */
  unwrap(keyArn: string, wrapped: Uint8Array, context: KeyContext): Promise<Buffer>;
  /** The same data key under another key; it does not leave KMS in the clear. @throws {KeyManagementError} */
  rewrap(keyArns: { from: string; to: string }, wrapped: Uint8Array, context: KeyContext): Promise<Buffer>;
}

/**
 * `refused`: KMS answered no (key disabled, deleted, grant revoked), and keys in memory are not to be used either.
 * `unreachable`: no answer, one that says try again, or not asked; keys in memory go on until they are too old.
 */
export class KeyManagementError extends Error {
  override readonly name = 'KeyManagementError';
  readonly failure: 'refused' | 'unreachable';
  /** When asking again may help; undefined where nobody knows. */
  readonly retryAfterMs: number | undefined;

  constructor(
    failure: 'refused' | 'unreachable',
    message: string,
    { cause, retryAfterMs }: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, { cause });
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}
