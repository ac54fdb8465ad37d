import { type Logger, pino } from 'pino';
import { scrub } from './scrub.ts';

export type { Logger } from 'pino';

// Members that carry card data or credentials wherever they stand; one and two levels down as well.
const SECRET_MEMBERS = [
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
];
const REDACTED_PATHS = SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

export interface LogDestination {
  write(line: string): unknown;
}

/** JSON lines on stdout, redacted by path and scrubbed as text. Time is ISO 8601: a bare epoch looks like a card number. */
export function createLogger(
  options: { service: string; level: string; instance?: string },
  destination: LogDestination = process.stdout,
): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service, ...(options.instance ? { instance: options.instance } : {}) },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: describeError, error: describeError },
      redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    },
    { write: (line: string) => void destination.write(scrub(line)) },
  );
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
