/**
 * What went wrong with a request, as data. `gone` is an expired resourceVersion or continue token: list again.
 * `unreachable` and `timeout` say that no answer came: a write may or may not have happened.
 */
export type KubeErrorCode =
  | 'not_found'
  | 'already_exists'
  | 'conflict'
  | 'gone'
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'too_many_requests'
  | 'server_error'
  | 'unreachable'
  | 'timeout'
  | 'aborted'
  | 'malformed'
  | 'not_leading'
  | 'other';

/** `details` of a Kubernetes Status. */
export type StatusDetails = {
  name?: string;
  group?: string;
  kind?: string;
  retryAfterSeconds?: number;
  causes?: { reason?: string; message?: string; field?: string }[];
};

export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: KubeErrorCode;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** `reason` of the Status object: NotFound, AlreadyExists, Conflict, Expired, Invalid ... */
  readonly reason: string;
  readonly details: StatusDetails;

  constructor(
    code: KubeErrorCode,
    message: string,
    options: { status?: number; reason?: string; details?: StatusDetails; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? 0;
    this.reason = options.reason ?? '';
    this.details = options.details ?? {};
  }

  /** Whether the same request may succeed later without anybody changing it. */
  get retryable(): boolean {
    return ['conflict', 'gone', 'too_many_requests', 'server_error', 'unreachable', 'timeout'].includes(
      this.code,
    );
  }
}

const CODE_BY_STATUS: Record<number, KubeErrorCode> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  410: 'gone',
  422: 'invalid',
  429: 'too_many_requests',
};

type StatusBody = { message?: string; reason?: string; code?: number; details?: StatusDetails };

/** From the body of a non-2xx answer, or the object of a watch's ERROR event; anything but a Status is kept as text. */
export function kubeErrorFrom(action: string, httpStatus: number, body: unknown): KubeError {
  const status: StatusBody = typeof body === 'object' && body !== null ? (body as StatusBody) : {};
  const http = httpStatus >= 400 ? httpStatus : (status.code ?? httpStatus);
  const reason = status.reason ?? '';
  const code: KubeErrorCode =
    reason === 'AlreadyExists'
      ? 'already_exists'
      : (CODE_BY_STATUS[http] ?? (http >= 500 ? 'server_error' : 'other'));
  const said = status.message ?? (typeof body === 'string' ? body.slice(0, 200) : '');
  return new KubeError(code, `${action}: ${http} ${reason || 'error'}${said ? `: ${said}` : ''}`, {
    status: http,
    reason,
    details: status.details ?? {},
  });
}

export function isKubeError(error: unknown, ...codes: KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));
}
