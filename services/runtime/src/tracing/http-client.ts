import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { Tracing } from './tracing.ts';

export interface OutgoingRequest {
  method: string;
  /** Whom it goes to: of this, host and port are told. */
  url: URL;
  /** The path's pattern. Without it the path is not told: it may hold anything. */
  template?: string;
  /** Whether the other side is to go on with our trace: only if it is one of us. */
  propagate: boolean;
}

/** What a traced request is sent with. */
export interface Outgoing {
  /** To be sent along. */
  headers: Record<string, string>;
  answered(status: number): void;
}

const UNTRACED: Outgoing = { headers: {}, answered: () => undefined };

/**
 * Sends a request, in a span where there are traces. `url.full` is left out: it holds tokens.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
export function traceOutgoing<T>(
  tracing: Tracing | undefined,
  request: OutgoingRequest,
  send: (outgoing: Outgoing) => Promise<T>,
): Promise<T> {
  if (tracing === undefined) return send(UNTRACED);
  const { method, template, propagate } = request;
  const name = template === undefined ? method : `${method} ${template}`;
  return tracing.inSpan(
    name,
    { kind: SpanKind.CLIENT, attributes: attributesOf(request) },
    ({ span, context, fail }) =>
      send({
        headers: propagate ? tracing.headers(context) : {},
        answered: (status) => {
          span.setAttribute('http.response.status_code', status);
          if (status >= 400) fail(String(status));
        },
      }),
  );
}

function attributesOf({ method, url, template }: OutgoingRequest): Attributes {
  return {
    'http.request.method': method,
    'server.address': url.hostname,
    'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    'url.scheme': url.protocol.slice(0, -1),
    ...(template === undefined ? {} : { 'url.template': template }),
  };
}
