import {
  CreateRevealGrant,
  CreateToken,
  IDEMPOTENCY_KEY_HEADER,
  IdempotencyKey,
  Reveal,
  Token,
} from '@cofferdam/contracts';
import { type Caller, type Metrics, ProblemError, validate } from '@cofferdam/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createRevealGrant } from '../create-reveal-grant.ts';
import { deleteToken } from '../delete-token.ts';
import { readToken } from '../read-token.ts';
import { reveal } from '../reveal.ts';
import { tokenize } from '../tokenize.ts';
import type { Requester, Vault } from '../vault.ts';

/** The vault's HTTP API: parse, call, answer. */
export function addRoutes(app: FastifyInstance, vault: Vault, metrics: Metrics): void {
  const tokens = metrics.meter.createCounter('cofferdam_tokens', {
    description: 'Tokenize requests, by result.',
  });
  const reveals = metrics.meter.createCounter('cofferdam_reveals', { description: 'Reveals, by outcome.' });

  app.post('/v1/tokens', needs('tokens:create'), async (request, reply) => {
    const idempotencyKey = idempotencyKeyOf(request);
    const body = validate(CreateToken, request.body);
    const { status, answer } = await tokenize(vault, { by: requesterOf(request), idempotencyKey, body });
    tokens.add(1, { result: status === 201 ? 'created' : 'existing' });
    return reply.code(status).header('location', `/v1/tokens/${answer.token}`).send(answer);
  });

  app.get('/v1/tokens/:token', needs('tokens:read'), async (request) =>
    readToken(vault, requesterOf(request).merchant, tokenOf(request)),
  );

  app.delete('/v1/tokens/:token', needs('tokens:delete'), async (request, reply) => {
    await deleteToken(vault, requesterOf(request), tokenOf(request));
    return reply.code(204).send();
  });

  app.post('/v1/reveal-grants', needs('grants:create'), async (request, reply) => {
    const body = validate(CreateRevealGrant, request.body);
    return reply.code(201).send(await createRevealGrant(vault, requesterOf(request), body));
  });

  app.post(
    '/v1/reveals',
    { config: { access: { permission: 'tokens:reveal', scope: 'merchants' } } },
    async (request) => {
      const { identity, merchants } = callerOf(request);
      const body = validate(Reveal, request.body);
      const revealing = reveal(vault, { identity, merchants, requestId: request.id, body });
      revealing.then(
        () => reveals.add(1, { outcome: 'revealed' }),
        (error: unknown) =>
          reveals.add(1, { outcome: error instanceof ProblemError ? error.code : 'internal_error' }),
      );
      return revealing;
    },
  );
}

/** The contract itself, for whoever wants to generate a client. */
export function addApiDescription(app: FastifyInstance, openapi: string): void {
  app.get('/openapi.json', { config: { access: 'public' } }, async (_request, reply) =>
    reply.type('application/json').send(openapi),
  );
}

function needs(permission: 'tokens:create' | 'tokens:read' | 'tokens:delete' | 'grants:create') {
  return { config: { access: { permission, scope: 'merchant' as const } } };
}

function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new ProblemError('unauthenticated');
  return request.caller;
}

function requesterOf(request: FastifyRequest): Requester {
  const { identity, merchant } = callerOf(request);
  if (merchant === undefined) throw new ProblemError('merchant_required');
  return { identity, merchant, requestId: request.id };
}

function idempotencyKeyOf(request: FastifyRequest): string {
  const header = request.headers[IDEMPOTENCY_KEY_HEADER];
  const parsed = IdempotencyKey.safeParse(header);
  if (parsed.success) return parsed.data;
  throw new ProblemError(header === undefined ? 'idempotency_key_missing' : 'invalid_request', {
    detail:
      'The header Idempotency-Key is needed: 1 to 255 visible ASCII characters, new for each new request.',
  });
}

/** What does not look like a token is no token; it is answered as an unknown one. */
function tokenOf(request: FastifyRequest): string {
  const parsed = Token.safeParse((request.params as { token?: unknown }).token);
  if (!parsed.success) throw new ProblemError('token_not_found');
  return parsed.data;
}
