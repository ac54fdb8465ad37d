import type { SpanContext } from '@opentelemetry/api';
import { type Logger, pino } from 'pino';
import { scrub } from './scrub.ts';

export type { Logger } from 'pino';

// Members that carry card data or credentials wherever they stand.
const SECRET_MEMBERS = new Set([
  'card',
  'number',
  'pan',
  'cvc',
  'holderName',
  'authorization',
  'password',
  'apiKey',
  'grant',
  'plaintext',
]);
const REDACTED_LEVELS = 6;

export interface LogDestination {
  write(line: string): unknown;
}

/** JSON lines on stdout, redacted by name and scrubbed as text. Time is ISO 8601: a bare epoch looks like a card number. */
export function createLogger(
  options: {
    service: string;
    level: string;
    instance?: string;
    /** The span that a line is written in, where there are traces. */
    current?: () => SpanContext | undefined;
  },
  destination: LogDestination = standardOutput,
): Logger {
  return pino(
    {
      level: options.level,
      ...(options.current === undefined ? {} : { mixin: traceMembers(options.current) }),
      base: { service: options.service, ...(options.instance ? { instance: options.instance } : {}) },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (level) => ({ level }),
        log: (line) => redacted(line),
        bindings: (bindings) => redacted(bindings),
      },
      serializers: { err: describeError, error: describeError },
    },
    { write: (line: string) => void destination.write(scrub(line)) },
  );
}

/** A line may be a call into the kernel: those of one turn of the event loop go together. None waits for another turn. */
const standardOutput: LogDestination = {
  write(line: string): void {
    if (unwritten === '') {
      setImmediate(writeLines);
      if (!writesAtExit) process.once('exit', writeLines);
      writesAtExit = true;
    }
    unwritten += line;
  },
};

let unwritten = '';
let writesAtExit = false;

function writeLines(): void {
  const lines = unwritten;
  unwritten = '';
  if (lines !== '') process.stdout.write(lines);
}

/** @see https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/ */
function traceMembers(current: () => SpanContext | undefined) {
  return () => {
    const span = current();
    return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
  };
}

/**
 * The same without secret members, some levels deep. (Pino's own redaction goes by path, and costs several times as
 * much as all the rest of a line: it copies whatever is logged.)
 */
function redacted(value: object, level = 1): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const [name, member] of Object.entries(value)) {
    const clean = SECRET_MEMBERS.has(name) ? '[redacted]' : redactedMember(member, level);
    if (clean === member) continue;
    copy ??= { ...value };
    copy[name] = clean;
  }
  return copy ?? (value as Record<string, unknown>);
}

/** Errors and the like are left to their serializers. */
function redactedMember(member: unknown, level: number): unknown {
  if (typeof member !== 'object' || member === null || level === REDACTED_LEVELS) return member;
  if (Array.isArray(member)) return member.map((item) => redactedMember(item, level + 1));
  return Object.getPrototypeOf(member) === Object.prototype ? redacted(member, level + 1) : member;
}

/**
 * An error as the few members that help: an SDK's error may carry the whole request, body and headers included,
 * and pino's own serializer would write all of it.
 */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
