import { MERCHANT_HEADER, type Statusz } from '@cofferdam/contracts';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Access } from '../authentication/access.ts';
import type { Caller, RouteAccess } from '../authentication/caller.ts';
import { ProblemError } from '../errors.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerCredentials } from '../tls/server-credentials.ts';
import { traceRequests } from '../tracing/http-server.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { answerClientError } from './client-error.ts';
import { collectMethods } from './method-not-allowed.ts';
import { addOperationsRoutes } from './operations.ts';
import { asProblem, problemBody } from './problems.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { Readiness } from './readiness.ts';
import { REQUEST_ID_HEADER, requestId } from './request-id.ts';
import { RequestLogger } from './request-logger.ts';
import { listenerOptions } from './secure-server.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

export interface AppOptions {
  logger: Logger;
  metrics: Metrics;
  /** Absent: no traces. */
  tracing?: Tracing | undefined;
  readiness: Readiness;
  /** What the server shows. `plaintext` is for what handles no card: a test that injects, the simulator's remote control. */
  tls: ServerCredentials | 'plaintext';
  /** Without it only routes with `access: 'public'` can be registered. */
  access?: Access;
  /** What `/statusz` answers. */
  status?: () => Statusz | Promise<Statusz>;
  /** Default 16 KiB. */
  bodyLimitBytes?: number;
  /** Longest time for a request to arrive, milliseconds. Default 15000. */
  requestTimeoutMs?: number;
  /** Of each identity. Absent: no limit. */
  rateLimiter?: RateLimiter | undefined;
}

/**
 * A Fastify application as all our services have it: problem answers, authentication before the body is read,
 * request ids, metrics, health routes. A route states `config.access`; one that does not cannot be registered.
 */
export function createApp(options: AppOptions): FastifyInstance {
  const app = fastify({
    loggerInstance: options.logger as FastifyBaseLogger,
    // Fastify's own lines hold the path as the caller wrote it; observe() below writes ours.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    childLoggerFactory: (logger, bindings) => new RequestLogger(logger, bindings) as FastifyBaseLogger,
    genReqId: (request) => requestId(request.headers[REQUEST_ID_HEADER]),
    bodyLimit: options.bodyLimitBytes ?? 16 * 1024,
    requestTimeout: options.requestTimeoutMs ?? 15_000,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    ...listenerOptions(options.tls),
    clientErrorHandler: answerClientError,
    // A malformed path is answered here, not with Fastify's own body, which quotes it.
    frameworkErrors: (error, request, reply) =>
      void sendProblem(asUnroutable(error), request, reply as FastifyReply),
  }) as unknown as FastifyInstance;

  const methodsOf = collectMethods(app);
  app.decorateRequest('caller', undefined);
  parseOnlyJson(app);
  // First, so that what is refused is in the trace, too.
  if (options.tracing) traceRequests(app, options.tracing);
  requireAccess(app, options);
  observe(app, options);
  app.setErrorHandler((error, request, reply) => sendProblem(asProblem(error), request, reply));
  app.setNotFoundHandler((request, reply) => {
    const allowed = methodsOf(request.url.split('?')[0] ?? '/');
    if (allowed.length === 0) return sendProblem(new ProblemError('not_found'), request, reply);
    reply.header('allow', allowed.join(', '));
    return sendProblem(new ProblemError('method_not_allowed'), request, reply);
  });
  addOperationsRoutes(app, options);
  return app;
}

function asUnroutable(error: unknown): ProblemError {
  return new ProblemError('invalid_request', { detail: 'The path is not valid.', cause: error });
}

function sendProblem(problem: ProblemError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (problem.status >= 500) request.log.error({ err: problem }, 'request failed');
  if (problem.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  const retryAfter = problem.retryAfterSeconds ?? (problem.status === 503 ? 1 : undefined);
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfter))));
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .header(REQUEST_ID_HEADER, request.id) // hooks do not run for a path that has no route
    .send(JSON.stringify(problemBody(problem, request.id)));
}

/** JSON and nothing else; a parser's message quotes the body, so it is replaced. */
function parseOnlyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    parse(request, body as string, (error, value) => {
      done(error ? new ProblemError('malformed_json', { detail: 'The body is not JSON.' }) : null, value);
    });
  });
}

/** Default deny. Runs at `onRequest`: an unauthenticated caller's body is not even read. */
function requireAccess(app: FastifyInstance, { access, rateLimiter }: AppOptions): void {
  app.addHook('onRoute', ({ url, config }) => {
    if (!config?.access) throw new Error(`route ${url} does not state its access`);
    if (config.access !== 'public' && !access) throw new Error(`route ${url} needs access rules`);
  });
  app.addHook('onRequest', async (request) => {
    const wanted = request.routeOptions.config.access;
    if (request.is404 || wanted === undefined || wanted === 'public') return;
    if (!access) throw new ProblemError('forbidden');
    const merchant = request.headers[MERCHANT_HEADER];
    request.caller = await access.admit(wanted, {
      authorization: request.headers.authorization,
      merchant: typeof merchant === 'string' ? merchant : undefined,
    });
    if (rateLimiter) requireRate(rateLimiter, request.caller.identity);
  });
}

/** @throws {ProblemError} rate_limited */
function requireRate(limiter: RateLimiter, { issuer, subject }: Caller['identity']): void {
  const waitSeconds = limiter.spend(`${issuer} ${subject}`);
  if (waitSeconds === 0) return;
  throw new ProblemError('rate_limited', {
    detail: 'This identity sends more requests than it may; wait as long as Retry-After says.',
    retryAfterSeconds: waitSeconds,
  });
}

/** One metric and one log line a request. The route's pattern is written, never the path: a path holds what a caller put there. */
function observe(app: FastifyInstance, { metrics, logger }: AppOptions): void {
  app.addHook('onSend', (request, reply, _payload, done) => {
    reply.header(REQUEST_ID_HEADER, request.id).header('cache-control', 'no-store');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    done(); // nobody waits for what follows
    const route = request.is404 ? '(unknown)' : (request.routeOptions.url ?? '(unknown)');
    metrics.requestDuration.record(reply.elapsedTime / 1000, {
      'http.request.method': request.method,
      'http.route': route,
      'http.response.status_code': reply.statusCode,
    });
    if (request.routeOptions.config.access === 'public' && reply.statusCode < 400) return;
    logger.info(
      {
        requestId: request.id,
        method: request.method,
        route,
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 100) / 100,
        ...(request.caller
          ? { subject: request.caller.identity.subject, merchant: request.caller.merchant }
          : {}),
      },
      'request',
    );
  });
}
