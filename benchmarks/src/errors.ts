/** `usage`: what was asked for makes no sense. `invalid`: it was begun, and gave no figure that means anything. */
export type BenchErrorCode = 'usage' | 'invalid' | 'stopped';

export class BenchError extends Error {
  readonly code: BenchErrorCode;

  constructor(code: BenchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BenchError';
    this.code = code;
  }
}
