import { followingAgent, neverSent, type Tracing, type Trust, traceOutgoing } from '@cofferdam/runtime';
import { request } from 'undici';

/** `unsent`: certainly nothing left this process. The others leave open what the PSP did. */
export type TransportFailure = 'unsent' | 'timeout' | 'broken';

/** Carries no `code`: the Stripe SDK repeats a request whose error has the code ECONNRESET or EPIPE. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly failure: TransportFailure;

  constructor(failure: TransportFailure, detail: string) {
    super(`${failure}: ${detail}`);
    this.failure = failure;
  }
}

export interface PspRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface PspResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
}

/** Sends one request once. @throws {TransportError} */
export type Transport = { send(request: PspRequest): Promise<PspResponse>; close(): Promise<void> };

export interface TransportOptions {
  readonly timeoutMs: number;
  /** By whom the PSP is verified. */
  readonly trust: Pick<Trust, 'ca'>;
  /** Absent: no traces. */
  readonly tracing?: Tracing | undefined;
}

const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * The HTTP of both SDKs, instead of their own: the Stripe SDK sends again after a reset even with its retries
 * turned off, the Adyen SDK speaks only https and reconnects for every request, and both take an idle timeout
 * where a payment needs one deadline for the whole exchange.
 */
export function createTransport({ timeoutMs, trust, tracing }: TransportOptions): Transport {
  const agent = followingAgent({
    ca: () => trust.ca(),
    connectTimeoutMs: Math.min(timeoutMs, 3000),
    limits: {
      connections: 64,
      // PSPs close idle connections after about a minute.
      keepAliveTimeout: 20_000,
      keepAliveMaxTimeout: 45_000,
      maxResponseSize: MAX_ANSWER_BYTES,
      pipelining: 1,
    },
  });
  return {
    // A PSP does not learn of our traces.
    send: ({ url, method, headers, body }) =>
      traceOutgoing(tracing, { method, url, propagate: false }, async ({ answered }) => {
        const signal = AbortSignal.timeout(timeoutMs);
        try {
          const response = await request(url, {
            method: method as 'GET' | 'POST',
            headers,
            signal,
            dispatcher: agent.dispatcher(),
            ...(method === 'GET' ? {} : { body }),
          });
          answered(response.statusCode);
          return {
            status: response.statusCode,
            headers: flatten(response.headers),
            text: await response.body.text(),
          };
        } catch (error) {
          throw classify(error, signal);
        }
      }),
    close: () => agent.close(),
  };
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** Only the error's code is kept: its message could quote what was sent. */
function classify(error: unknown, signal: AbortSignal): TransportError {
  const code = String((error as { code?: unknown } | null)?.code ?? 'no code');
  if (neverSent(error)) return new TransportError('unsent', code);
  if (signal.aborted) return new TransportError('timeout', 'no answer in time');
  return new TransportError('broken', code);
}
