import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanOptions,
  SpanStatusCode,
  type TextMapPropagator,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { scrub } from '../logging/scrub.ts';

/** A span, and the context for what is done within it. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
  /** What went wrong first: the type alone, because a message could quote what was sent. */
  fail(type: string): void;
}

export interface TracingParts {
  tracer: Tracer;
  propagator: TextMapPropagator;
  /** Sends what is left; resolves in bounded time, and never rejects. */
  close: () => Promise<void>;
}

/**
 * Spans, and the context that carries them over asynchronous calls. A process without a collector has none of these:
 * whoever may have one asks once, when it is wired, and what is done without one costs nothing.
 *
 * Names and attributes are OpenTelemetry's semantic conventions. None of them ever holds a body, a path as somebody
 * wrote it, or an error's message, because each of them can hold a card number.
 */
export class Tracing {
  readonly #active = new AsyncLocalStorage<Context>();
  readonly #parts: TracingParts;

  constructor(parts: TracingParts) {
    this.#parts = parts;
  }

  /** Of what is under way; the root outside of any span. */
  get context(): Context {
    return this.#active.getStore() ?? ROOT_CONTEXT;
  }

  get spanContext(): SpanContext | undefined {
    return trace.getSpanContext(this.context);
  }

  /** A span that the caller ends. */
  start(name: string, options: SpanOptions, parent: Context = this.context): OpenSpan {
    const span = this.#parts.tracer.startSpan(name, options, parent);
    let hasFailed = false;
    return {
      span,
      context: trace.setSpan(parent, span),
      fail: (type) => {
        if (hasFailed) return;
        hasFailed = true;
        span.setAttribute('error.type', type);
        span.setStatus({ code: SpanStatusCode.ERROR });
      },
    };
  }

  run<T>(context: Context, work: () => T): T {
    return this.#active.run(context, work);
  }

  /** Does the work in a span that ends with it. */
  async inSpan<T>(
    name: string,
    options: SpanOptions,
    work: (open: OpenSpan) => Promise<T>,
    parent?: Context,
  ): Promise<T> {
    const open = this.start(name, options, parent);
    try {
      return await this.run(open.context, () => work(open));
    } catch (error) {
      open.fail(errorType(error));
      throw error;
    } finally {
      open.span.end();
    }
  }

  /**
   * The context that a caller sent along. What looks like a card number is no id: a trace of our own begins, and its
   * vendor's state is left out. (Of random ids one in some hundreds looks so.)
   */
  extract(headers: Record<string, string | string[] | undefined>): Context {
    const context = this.#parts.propagator.extract(ROOT_CONTEXT, headers, {
      keys: (carrier: typeof headers) => Object.keys(carrier),
      get: (carrier: typeof headers, key) => {
        const value = carrier[key];
        return key === 'tracestate' && typeof value === 'string' && scrub(value) !== value ? '' : value;
      },
    });
    const sent = trace.getSpanContext(context);
    if (sent === undefined || (isPlain(sent.traceId) && isPlain(sent.spanId))) return context;
    return ROOT_CONTEXT;
  }

  /** The headers that carry this context to another of our services. */
  headers(context: Context): Record<string, string> {
    const headers: Record<string, string> = {};
    this.#parts.propagator.inject(context, headers, {
      set: (carrier: Record<string, string>, key, value) => {
        carrier[key] = value;
      },
    });
    return headers;
  }

  close(): Promise<void> {
    return this.#parts.close();
  }
}

/** Whether a log line can hold it as it is: an id of many digits could be taken for a card number, or be one. */
export const isPlain = (id: string): boolean => scrub(id) === id;

/** A stable code where there is one, the error's name otherwise. */
function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  const { code, failure } = error as { code?: unknown; failure?: unknown };
  for (const type of [code, failure]) if (typeof type === 'string') return type;
  return error.name;
}
