import { listenerOptions } from '@cofferdam/runtime';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { claimKey } from '../idempotency.ts';
import { nextId } from '../ids.ts';
import { MAGIC_AMOUNTS } from '../magic.ts';
import { type Delivery, deliver, perform } from '../perform.ts';
import type { ProtocolOptions } from '../protocol-options.ts';
import type { Answer, SimulatorState } from '../state.ts';
import * as errors from './errors.ts';
import { FormError, type FormTree, parseForm } from './form.ts';
import { parseCreate } from './parameters.ts';
import { createPaymentIntent } from './payment-intents.ts';

const KEY_FORMAT = /^(sk|rk)_(test|live)_[A-Za-z0-9_]{16,}$/;
const MAX_KEY_LENGTH = 255;

/** The subset of Stripe's API that the official SDK calls for us. @see https://docs.stripe.com/api */
export function buildStripe(options: ProtocolOptions): FastifyInstance {
  const app = Fastify({
    forceCloseConnections: true,
    bodyLimit: 256 * 1024,
    ...listenerOptions(options.tls),
  }) as unknown as FastifyInstance;
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, body),
  );
  app.addHook('onRequest', async (request, reply) => {
    reply.header('request-id', nextId('req_', 14));
    const version = request.headers['stripe-version'];
    if (version !== undefined) reply.header('stripe-version', version);
    const refused = authenticate(request, options.apiKeys);
    if (refused !== undefined) return reply.code(refused.status).send(refused.body);
    return undefined;
  });
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    const clientError = (error.statusCode ?? 500) < 500;
    const answer = clientError
      ? errors.invalidRequest(undefined, undefined, 'Invalid request (check that it is form-encoded).')
      : errors.SERVER_ERROR;
    return reply.code(answer.status).send(answer.body);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0];
    const answer = errors.stripeError(404, {
      type: 'invalid_request_error',
      message: `Unrecognized request URL (${request.method}: ${path}).`,
    });
    return reply.code(answer.status).send(answer.body);
  });
  app.post('/v1/payment_intents', async (request, reply) => {
    const key = request.headers['idempotency-key'];
    if (typeof key === 'string') reply.header('idempotency-key', key);
    return deliver(reply, await charge(request, options, () => reply.header('idempotent-replayed', 'true')));
  });
  app.get<{ Params: { id: string } }>('/v1/payment_intents/:id', async (request, reply) => {
    const { id } = request.params;
    const found = options.state.psp('stripe').objects.get(id);
    if (found !== undefined) return found;
    const answer = errors.stripeError(404, {
      type: 'invalid_request_error',
      code: 'resource_missing',
      param: 'intent',
      message: `No such payment_intent: '${id.slice(0, 64)}'`,
    });
    return reply.code(answer.status).send(answer.body);
  });
  app.get('/v1/payment_intents', async (request, reply) => {
    const answer = list(request.query as Record<string, string>, options.state);
    return reply.code(answer.status).send(answer.body);
  });
  return app;
}

function authenticate(request: FastifyRequest, apiKeys: readonly string[]): Answer | undefined {
  const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (key === undefined) return errors.UNAUTHENTICATED;
  const known = apiKeys.length === 0 ? KEY_FORMAT.test(key) : apiKeys.includes(key);
  return known ? undefined : errors.INVALID_KEY;
}

async function charge(
  request: FastifyRequest,
  options: ProtocolOptions,
  onReplay: () => void,
): Promise<Delivery> {
  const { state, now } = options;
  const key = request.headers['idempotency-key'];
  if (Array.isArray(key) || (key !== undefined && key.length > MAX_KEY_LENGTH)) {
    return errors.invalidRequest(undefined, undefined, 'Idempotency keys are at most 255 characters.');
  }
  const body = typeof request.body === 'string' ? request.body : '';
  const form = readForm(body);
  if ('status' in form) return form;
  // Stripe looks at the key before the values, and keeps no result of a request that fails validation.
  const claim = claimKey(state, 'stripe', key, body);
  if (claim.kind === 'other-parameters') return errors.KEY_REUSED;
  if (claim.kind === 'in-progress') return errors.KEY_IN_USE;
  if (claim.kind === 'replay') {
    onReplay();
    return claim.answer;
  }
  const parameters = parseCreate(form.tree, now());
  if ('status' in parameters) {
    claim.settle(undefined);
    return parameters;
  }
  return perform({
    behaviour: state.nextBehaviour('stripe', MAGIC_AMOUNTS.get(parameters.amount)),
    delayMs: state.psp('stripe').delayMs,
    process: () => createPaymentIntent(state, parameters, key ?? null, now()),
    failure: errors.SERVER_ERROR,
    rateLimited: errors.RATE_LIMITED,
    remembersFailures: true,
    settle: claim.settle,
  });
}

function readForm(body: string): { tree: FormTree } | Answer {
  try {
    return { tree: parseForm(body) };
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    return errors.invalidRequest('parameter_unknown', error.parameter, error.message);
  }
}

/** Newest first, with Stripe's cursors. @see https://docs.stripe.com/api/pagination */
function list(query: Record<string, string>, state: SimulatorState): Answer {
  const allowed = ['limit', 'starting_after', 'created[gte]', 'created[lte]'];
  const unknown = Object.keys(query).find((name) => !allowed.includes(name));
  if (unknown !== undefined) {
    return errors.invalidRequest('parameter_unknown', unknown, `Received unknown parameter: ${unknown}`);
  }
  const limit = Number(query['limit'] ?? 10);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    return errors.invalidRequest('parameter_invalid_integer', 'limit', 'Limit must be between 1 and 100.');
  }
  const from = Number(query['created[gte]'] ?? 0);
  const to = Number(query['created[lte]'] ?? Number.MAX_SAFE_INTEGER);
  const all = [...state.psp('stripe').objects.values()].reverse();
  const after = query['starting_after'];
  const start = after === undefined ? 0 : all.findIndex((intent) => intent['id'] === after) + 1;
  const matching = all
    .slice(start)
    .filter((intent) => Number(intent['created']) >= from && Number(intent['created']) <= to);
  return {
    status: 200,
    body: {
      object: 'list',
      url: '/v1/payment_intents',
      has_more: matching.length > limit,
      data: matching.slice(0, limit),
    },
  };
}
