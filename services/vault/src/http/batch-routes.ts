import {
  IDEMPOTENCY_KEY_HEADER,
  type TokenBatch,
  TokenBatchFrame,
  type TokenBatchResult,
} from '@cofferdam/contracts';
import { asProblem, problemBody, validate } from '@cofferdam/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createTokenBatch, type ItemOutcome } from '../create-token-batch.ts';
import { IntegrityError } from '../integrity-error.ts';
import type { Vault } from '../vault.ts';
import { callerOf, idempotencyKeyOf, needs, requesterOf } from './request.ts';
import type { RouteParts } from './routes.ts';

/** 500 items, each with a long idempotency key and a name of a hundred characters that are no ASCII. */
const BODY_LIMIT_BYTES = 512 * 1024;

/** Many cards at once. */
export function addBatchRoutes(
  app: FastifyInstance,
  vault: Vault,
  { tokens, rateLimiter }: RouteParts,
): void {
  const options = { ...needs('tokens:create'), bodyLimit: BODY_LIMIT_BYTES };
  app.post('/v1/token-batches', options, async (request): Promise<TokenBatch> => {
    const hasKey = request.headers[IDEMPOTENCY_KEY_HEADER] !== undefined;
    const idempotencyKey = hasKey ? idempotencyKeyOf(request) : undefined;
    const { items } = validate(TokenBatchFrame, request.body);
    const { issuer, subject } = callerOf(request).identity;
    // As many requests as it has items; one is paid already.
    rateLimiter?.charge(`${issuer} ${subject}`, items.length - 1);
    const by = requesterOf(request);
    const outcomes = await createTokenBatch(vault, { by, idempotencyKey, items });
    for (const outcome of outcomes) {
      if ('answer' in outcome) tokens.add(1, { result: outcome.status === 201 ? 'created' : 'existing' });
      else if (outcome.error instanceof IntegrityError)
        await vault.integrity.report(outcome.error, by, 'request');
    }
    return { items: outcomes.map((outcome) => resultOf(request, outcome)) };
  });
}

function resultOf(request: FastifyRequest, outcome: ItemOutcome): TokenBatchResult {
  if ('answer' in outcome) return { status: outcome.status, token: outcome.answer };
  const problem = asProblem(outcome.error);
  if (problem.status >= 500) request.log.error({ err: problem }, 'an item of a batch failed');
  return { status: problem.status, problem: problemBody(problem, request.id) };
}
