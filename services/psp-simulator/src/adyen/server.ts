import { listenerOptions } from '@cofferdam/runtime';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { claimKey } from '../idempotency.ts';
import { MAGIC_AMOUNTS } from '../magic.ts';
import { type Delivery, deliver, perform } from '../perform.ts';
import type { ProtocolOptions } from '../protocol-options.ts';
import type { Answer } from '../state.ts';
import * as errors from './errors.ts';
import { parsePayment } from './parameters.ts';
import { makePayment } from './payments.ts';

/** Adyen's keys are long, start with AQ and may hold any printable character. */
const KEY_FORMAT = /^AQ[\x21-\x7e]{18,}$/;
const MAX_KEY_LENGTH = 64;
const VERSIONS = /^v(6[79]|7[0-2])$/;

/** The subset of Adyen's Checkout API that the official SDK calls for us. @see https://docs.adyen.com/api-explorer/Checkout */
export function buildAdyen(options: ProtocolOptions): FastifyInstance {
  const app = Fastify({
    forceCloseConnections: true,
    bodyLimit: 256 * 1024,
    ...listenerOptions(options.tls),
  }) as unknown as FastifyInstance;
  app.addHook('onRequest', async (request, reply) => {
    const refused = authenticate(request, options.apiKeys);
    if (refused !== undefined) return reply.code(refused.status).send(refused.body);
    return undefined;
  });
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    const clientError = (error.statusCode ?? 500) < 500;
    const answer = clientError
      ? errors.adyenError(400, '702', 'The request could not be read', 'validation')
      : errors.SERVER_ERROR;
    return reply.code(answer.status).send(answer.body);
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send(errors.adyenError(404, '000', 'Not Found', 'validation').body),
  );
  app.post<{ Params: { version: string } }>('/:version/payments', async (request, reply) => {
    if (!VERSIONS.test(request.params.version)) return reply.callNotFound();
    const key = request.headers['idempotency-key'];
    if (typeof key === 'string') reply.header('idempotency-key', key);
    return deliver(reply, await pay(request, options));
  });
  return app;
}

function authenticate(request: FastifyRequest, apiKeys: readonly string[]): Answer | undefined {
  const key = request.headers['x-api-key'];
  if (typeof key !== 'string') return errors.UNAUTHENTICATED;
  const known = apiKeys.length === 0 ? KEY_FORMAT.test(key) : apiKeys.includes(key);
  return known ? undefined : errors.UNAUTHENTICATED;
}

async function pay(request: FastifyRequest, options: ProtocolOptions): Promise<Delivery> {
  const { state, now } = options;
  const key = request.headers['idempotency-key'];
  if (Array.isArray(key) || (key !== undefined && key.length > MAX_KEY_LENGTH)) {
    return errors.validation('702', 'The Idempotency-Key is longer than 64 characters');
  }
  const parameters = parsePayment(request.body, now());
  if ('status' in parameters) return parameters;
  // Unlike Stripe, Adyen answers a known key with the first result whatever the body says.
  const claim = claimKey(state, 'adyen', key, '');
  if (claim.kind === 'replay') return claim.answer;
  if (claim.kind !== 'first') return errors.KEY_IN_USE;
  return perform({
    behaviour: state.nextBehaviour('adyen', MAGIC_AMOUNTS.get(parameters.amount)),
    delayMs: state.psp('adyen').delayMs,
    process: () => makePayment(state, parameters, key ?? null, now()),
    failure: errors.SERVER_ERROR,
    rateLimited: errors.RATE_LIMITED,
    remembersFailures: false,
    settle: claim.settle,
  });
}
