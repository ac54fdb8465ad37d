import { CreateToken, ListTokens, ListVersions, UpdateToken } from '@cofferdam/contracts';
import { validate } from '@cofferdam/runtime';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { deleteToken } from '../delete-token.ts';
import { entityTag } from '../domain/if-match.ts';
import { listTokens } from '../list-tokens.ts';
import { listVersions } from '../list-versions.ts';
import { readToken } from '../read-token.ts';
import { tokenize } from '../tokenize.ts';
import { updateToken } from '../update-token.ts';
import type { TokenAnswer, Vault } from '../vault.ts';
import { idempotencyKeyOf, needs, requesterOf, tokenOf } from './request.ts';
import type { RouteParts } from './routes.ts';

/** Tokens: create, list, read, update, delete. */
export function addTokenRoutes(app: FastifyInstance, vault: Vault, { tokens }: RouteParts): void {
  app.post('/v1/tokens', needs('tokens:create'), async (request, reply) => {
    const idempotencyKey = ['tokenize', idempotencyKeyOf(request)] as const;
    const body = validate(CreateToken, request.body);
    const { status, answer } = await tokenize(vault, { by: requesterOf(request), idempotencyKey, body });
    tokens.add(1, { result: status === 201 ? 'created' : 'existing' });
    return tagged(reply, answer).code(status).header('location', `/v1/tokens/${answer.token}`).send(answer);
  });

  app.get('/v1/tokens', needs('tokens:list'), async (request) =>
    listTokens(vault, requesterOf(request).merchant, validate(ListTokens, request.query)),
  );

  app.get('/v1/tokens/:token', needs('tokens:read'), async (request, reply) => {
    const answer = await readToken(vault, requesterOf(request).merchant, tokenOf(request));
    return tagged(reply, answer).send(answer);
  });

  app.get('/v1/tokens/:token/versions', needs('tokens:read'), async (request) => {
    const query = validate(ListVersions, request.query);
    return listVersions(vault, requesterOf(request).merchant, { token: tokenOf(request), query });
  });

  app.patch('/v1/tokens/:token', needs('tokens:update'), async (request, reply) => {
    const answer = await updateToken(vault, {
      by: requesterOf(request),
      token: tokenOf(request),
      idempotencyKey: idempotencyKeyOf(request),
      ifMatch: request.headers['if-match'],
      body: validate(UpdateToken, request.body),
    });
    return tagged(reply, answer).send(answer);
  });

  app.delete('/v1/tokens/:token', needs('tokens:delete'), async (request, reply) => {
    await deleteToken(vault, requesterOf(request), tokenOf(request));
    return reply.code(204).send();
  });
}

function tagged(reply: FastifyReply, answer: TokenAnswer): FastifyReply {
  // An answer that was stored by the release before has no version.
  return answer.recordVersion === undefined ? reply : reply.header('etag', entityTag(answer.recordVersion));
}
