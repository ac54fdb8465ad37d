import { SpanKind } from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';
import type { OpenSpan, Tracing } from './tracing.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a request that is traced. */
    trace?: OpenSpan | undefined;
  }
}

/**
 * A span for every request of the API, named by the route's pattern; not for probes, scrapes and what the operator asks, which nobody looks for.
 * Of the conventions' attributes `url.path` and `url.query` are left out: they hold tokens.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  app.decorateRequest('trace', undefined);
  app.addHook('onRequest', (request, _reply, done) => {
    const { access } = request.routeOptions.config;
    if (access === 'public' || access?.permission === 'status:read') return done();
    const route = request.is404 ? undefined : request.routeOptions.url;
    const { method } = request;
    request.trace = tracing.start(
      route === undefined ? method : `${method} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': method,
          ...(route === undefined ? {} : { 'http.route': route }),
          'url.scheme': request.protocol,
          'network.protocol.version': request.raw.httpVersion,
          'cofferdam.request.id': request.id,
        },
      },
      tracing.extract(request.headers),
    );
    // What follows is done within, a body that comes later included: Fastify binds its parsers to it.
    tracing.run(request.trace.context, done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (request.trace === undefined) return done();
    const { span, context, fail } = request.trace;
    const { statusCode } = reply;
    span.setAttribute('http.response.status_code', statusCode);
    // Of the caller's merchant, once he has shown that he may act for it.
    const merchant = request.caller?.merchant;
    if (merchant !== undefined) span.setAttribute('cofferdam.merchant', merchant);
    if (statusCode >= 500) fail(String(statusCode));
    span.end();
    tracing.run(context, done);
  });
}
