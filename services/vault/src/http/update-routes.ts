import {
  CreateInquiries,
  type CredentialUpdateResult,
  type CredentialUpdateResults,
  CredentialUpdatesFrame,
} from '@cofferdam/contracts';
import {
  asProblem,
  type Counter,
  ProblemError,
  problemBody,
  type RateLimiter,
  validate,
} from '@cofferdam/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { IntegrityError } from '../integrity-error.ts';
import { type PushOutcome, pushCredentialUpdates } from '../updating/push-credential-updates.ts';
import { requestCardInquiries } from '../updating/request-inquiries.ts';
import type { Vault } from '../vault.ts';
import { callerOf, needs, requesterOf } from './request.ts';

/** 500 results, each with a long id. */
const BODY_LIMIT_BYTES = 512 * 1024;

export interface UpdateParts {
  updates: Counter;
  rateLimiter: RateLimiter | undefined;
  /** Whether there is an account updater service to ask. */
  asksUpdater: boolean;
}

/** What account updaters and PSPs say about cards: pushed, or to be asked for. */
export function addUpdateRoutes(
  app: FastifyInstance,
  vault: Vault,
  { updates, rateLimiter, asksUpdater }: UpdateParts,
): void {
  const options = {
    config: { access: { permission: 'credentials:update', scope: 'merchants' } },
    bodyLimit: BODY_LIMIT_BYTES,
  } as const;
  app.post('/v1/credential-updates', options, async (request): Promise<CredentialUpdateResults> => {
    const { identity, merchants } = callerOf(request);
    const { source, updates: results } = validate(CredentialUpdatesFrame, request.body);
    // As many requests as it has results; one is paid already.
    rateLimiter?.charge(`${identity.issuer} ${identity.subject}`, results.length - 1);
    const by = { identity, requestId: request.id };
    const outcomes = await pushCredentialUpdates(vault, { by, merchants, source, updates: results });
    for (const outcome of outcomes) {
      if ('outcome' in outcome) updates.add(1, { way: 'push', code: outcome.code, outcome: outcome.outcome });
      else {
        updates.add(1, { way: 'push', code: '', outcome: asProblem(outcome.error).code });
        if (outcome.error instanceof IntegrityError)
          await vault.integrity.report(outcome.error, { ...by, merchant: '' }, 'request');
      }
    }
    return { results: outcomes.map((outcome) => resultOf(request, outcome)) };
  });

  app.post('/v1/credential-inquiries', needs('credentials:inquire'), async (request, reply) => {
    const { tokens } = validate(CreateInquiries, request.body);
    if (!asksUpdater) {
      throw new ProblemError('no_account_updater', { detail: 'No account updater service is configured.' });
    }
    const { merchant } = requesterOf(request);
    return reply.code(202).send(await requestCardInquiries(vault, merchant, tokens));
  });
}

function resultOf(request: FastifyRequest, outcome: PushOutcome): CredentialUpdateResult {
  if ('outcome' in outcome) {
    return { status: 200, outcome: outcome.outcome, recordVersion: outcome.recordVersion };
  }
  const problem = asProblem(outcome.error);
  if (problem.status >= 500) request.log.error({ err: problem }, 'a credential update failed');
  return { status: problem.status, problem: problemBody(problem, request.id) };
}
