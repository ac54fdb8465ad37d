import { PROBLEM_STATUS, type Problem, type ProblemCode } from '@cofferdam/contracts';
import { ProblemError } from '../errors.ts';

/** Titles for people; the code is for programs. */
function title(code: ProblemCode): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The RFC 9457 body of an error. */
export function problemBody(error: ProblemError, requestId: string): Problem {
  return {
    type: `urn:cofferdam:problem:${error.code}`,
    title: title(error.code),
    status: PROBLEM_STATUS[error.code],
    code: error.code,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.errors === undefined ? {} : { errors: error.errors }),
    requestId,
  };
}

// Fastify's own refusals, before a handler runs.
const FASTIFY_CODES: Record<string, ProblemCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
};

const DETAILS: Partial<Record<ProblemCode, string>> = {
  malformed_json: 'The body is not JSON.',
  unsupported_media_type: 'Send the body as application/json.',
  body_too_large: 'The body is larger than this API accepts.',
};

/**
 * Any error as a problem. What we did not make ourselves becomes `internal_error` without detail: a library's
 * message may quote the request.
 */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isBrokenUpload(error)) {
    return new ProblemError('invalid_request', { detail: 'The connection broke before the body had ended.' });
  }
  const fastifyCode = FASTIFY_CODES[String((error as { code?: unknown } | null)?.code)];
  if (!fastifyCode) return new ProblemError('internal_error', { cause: error });
  const detail = DETAILS[fastifyCode];
  return new ProblemError(fastifyCode, detail === undefined ? {} : { detail });
}

/** Fastify gives what broke off a body the status 400. Nobody reads the answer, but it is logged and counted. */
function isBrokenUpload(error: unknown): boolean {
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  return code === 'ECONNRESET' && statusCode === 400;
}
