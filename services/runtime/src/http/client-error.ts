import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ProblemCode } from '@cofferdam/contracts';
import { ProblemError } from '../errors.ts';
import { isUploading } from './long-upload.ts';
import { problemBody } from './problems.ts';
import { REQUEST_ID_HEADER, requestId } from './request-id.ts';

const CODES: Record<string, ProblemCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};
const DETAILS: Partial<Record<ProblemCode, string>> = {
  request_timeout: 'The request took too long to arrive.',
  headers_too_large: 'The headers are larger than this API accepts.',
  invalid_request: 'This is not an HTTP request that can be read.',
};

/** Answers what HTTP could not read, or what never came to its end: there is no request yet that could be answered. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && isUploading(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const code = CODES[error.code ?? ''] ?? 'invalid_request';
  const id = requestId(undefined);
  const problem = new ProblemError(code, { detail: DETAILS[code] ?? '' });
  const body = JSON.stringify(problemBody(problem, id));
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      `${REQUEST_ID_HEADER}: ${id}`,
      'cache-control: no-store',
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
