import { Bin, IDEMPOTENCY_KEY_HEADER, IdempotencyKey, type Permission, Token } from '@cofferdam/contracts';
import { type Caller, ProblemError } from '@cofferdam/runtime';
import type { FastifyRequest } from 'fastify';
import type { Requester } from '../vault.ts';

/** Options of a route that acts for one merchant. */
export function needs(permission: Permission) {
  return { config: { access: { permission, scope: 'merchant' as const } } };
}

export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new ProblemError('unauthenticated');
  return request.caller;
}

/** @throws {ProblemError} merchant_required */
export function requesterOf(request: FastifyRequest): Requester {
  const { identity, merchant } = callerOf(request);
  if (merchant === undefined) throw new ProblemError('merchant_required');
  return { identity, merchant, requestId: request.id };
}

/** @throws {ProblemError} idempotency_key_missing, invalid_request */
export function idempotencyKeyOf(request: FastifyRequest): string {
  const header = request.headers[IDEMPOTENCY_KEY_HEADER];
  const parsed = IdempotencyKey.safeParse(header);
  if (parsed.success) return parsed.data;
  throw new ProblemError(header === undefined ? 'idempotency_key_missing' : 'invalid_request', {
    detail:
      'The header Idempotency-Key is needed: 1 to 255 visible ASCII characters, new for each new request.',
  });
}

/** What does not look like a token is no token; it is answered as an unknown one. */
export function tokenOf(request: FastifyRequest): string {
  const parsed = Token.safeParse((request.params as { token?: unknown }).token);
  if (!parsed.success) throw new ProblemError('token_not_found');
  return parsed.data;
}

/** @throws {ProblemError} invalid_request */
export function binOf(request: FastifyRequest): string {
  const parsed = Bin.safeParse((request.params as { bin?: unknown }).bin);
  if (parsed.success) return parsed.data;
  throw new ProblemError('invalid_request', {
    detail: 'Send the first 6 to 8 digits of a card number, and no more of it.',
    errors: [{ field: 'bin', message: 'must be 6 to 8 digits' }],
  });
}
