import { PROBLEM_STATUS, type Problem, type ProblemCode } from '@cofferdam/contracts';

/** A field of the request and what is wrong with it; never the value that was found. */
export type FieldError = NonNullable<Problem['errors']>[number];

export interface ProblemOptions {
  /** What was found, what was wanted, the next step. Goes to the caller: never card data. */
  detail?: string;
  errors?: FieldError[];
  /** Sent as `Retry-After`, rounded up. Default 1 with 503, otherwise none. */
  retryAfterSeconds?: number;
  /** Logged, never sent. */
  cause?: unknown;
}

/** The one error that reaches a caller. Its code fixes the HTTP status; anything else becomes `internal_error`. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly status: number;
  readonly detail: string | undefined;
  readonly errors: FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    super(options.detail ?? code, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = PROBLEM_STATUS[code];
    this.detail = options.detail;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** A setting or a fact outside the process that makes starting impossible: one line, exit status 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** For `catch`: what a variable names cannot be used. @throws {StartError} */
export function notUsable(variable: string): (error: unknown) => never {
  return (error) => {
    throw new StartError(`${variable} is not usable: ${error instanceof Error ? error.message : error}`);
  };
}
