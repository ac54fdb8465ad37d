import type { Dispatcher } from 'undici';
import { type Clock, systemClock } from './clock.ts';
import type { ClusterConfig } from './cluster-config.ts';
import { createPools } from './connection-pools.ts';
import { isKubeError, KubeError, kubeErrorFrom } from './kube-error.ts';
import { createRateLimit } from './rate-limit.ts';

export type TransportRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the server's base URL, query included. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** Of one attempt. Default: the transport's. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  /** Runs before every attempt, also a repeated one; a throw stops the request before it is sent. */
  guard?: (() => void) | undefined;
  /** Not held back by the rate limit, as a leader's renewal. */
  urgent?: boolean | undefined;
};

/** One cluster's connections. Everything between this process and its API server goes through one of these. */
export type Transport = {
  readonly server: string;
  /** The body of a 2xx answer. @throws KubeError */
  send(request: TransportRequest): Promise<string>;
  /** The lines of an answer that does not end (a watch). @throws KubeError */
  lines(request: TransportRequest): Promise<AsyncGenerator<string, void>>;
  close(): Promise<void>;
};

export type TransportOptions = {
  clock?: Clock;
  /** Of one attempt, milliseconds. Default 30000. */
  timeoutMs?: number;
  /** Longest total wait for a server that answers 429 or 503 with Retry-After. Default 30000. */
  retryBudgetMs?: number;
  /** Most connections to the API server; each watch has one besides. Default 32. */
  connections?: number;
  /** Requests a second, and at once after a pause; watches and urgent requests are not counted. Default: no limit. */
  rate?: { perSecond: number; burst: number } | undefined;
  userAgent?: string;
  /** Told of every attempt; `code` is the HTTP status, undefined when no answer came. For metrics. */
  onAttempt?: (request: Pick<TransportRequest, 'method' | 'path'>, code: number | undefined) => void;
};

/**
 * client-node opens a TLS connection for each request and gives up at a 429; hence one keep-alive Agent here,
 * and Retry-After honoured.
 */
export function createTransport(config: ClusterConfig, options: TransportOptions = {}): Transport {
  const { clock = systemClock, timeoutMs = 30_000, retryBudgetMs = 30_000 } = options;
  const { origin, pathname } = new URL(config.server);
  const prefix = pathname.replace(/\/$/, '');
  const pools = createPools(config, { connections: options.connections ?? 32, clock });
  const limit = options.rate === undefined ? undefined : createRateLimit({ ...options.rate, clock });

  async function attempt(request: TransportRequest, forever: boolean): Promise<Dispatcher.ResponseData> {
    const ms = request.timeoutMs ?? timeoutMs;
    if (!forever && !request.urgent) await limit?.take(request.signal);
    const signals = [request.signal, forever ? undefined : AbortSignal.timeout(ms)];
    const signal = AbortSignal.any(signals.filter((one) => one !== undefined));
    try {
      const authorization = await config.authorize();
      const agent = await pools.agent(forever ? 'watches' : 'requests');
      // The last thing before it is sent, and nothing is waited for in between.
      request.guard?.();
      const response = await agent.request({
        origin,
        path: prefix + request.path,
        method: request.method,
        headers: {
          accept: 'application/json',
          'user-agent': options.userAgent ?? 'cofferdam',
          ...authorization,
          ...request.headers,
        },
        body: request.body ?? null,
        signal,
        headersTimeout: ms,
        bodyTimeout: forever ? 0 : ms,
      });
      options.onAttempt?.(request, response.statusCode);
      return response;
    } catch (cause) {
      pools.failed(cause);
      // What the guard stopped was never sent.
      if (!isKubeError(cause)) options.onAttempt?.(request, undefined);
      throw networkError(`${request.method} ${request.path}`, cause, request.signal);
    }
  }

  /** Repeats while the server asks for it, within the budget; every other failure is thrown. */
  async function ok(request: TransportRequest, forever: boolean): Promise<Dispatcher.ResponseData> {
    const deadline = clock.monotonicMs() + retryBudgetMs;
    for (;;) {
      const response = await attempt(request, forever);
      if (response.statusCode < 300) return response;
      const text = await response.body.text().catch(() => '');
      const error = kubeErrorFrom(`${request.method} ${request.path}`, response.statusCode, parsed(text));
      const waitMs = retryAfterMs(response);
      if (waitMs === undefined || clock.monotonicMs() + waitMs > deadline) throw error;
      await clock.sleep(waitMs, request.signal);
      if (request.signal?.aborted) throw error;
    }
  }

  return {
    server: config.server,
    async send(request) {
      const response = await ok(request, false);
      try {
        return await response.body.text();
      } catch (cause) {
        throw networkError(`${request.method} ${request.path}`, cause, request.signal);
      }
    },
    async lines(request) {
      const response = await ok(request, true);
      return splitLines(response.body, `${request.method} ${request.path}`, request.signal);
    },
    async close() {
      await pools.close();
    },
  };
}

function retryAfterMs(response: Dispatcher.ResponseData): number | undefined {
  if (response.statusCode !== 429 && response.statusCode !== 503) return undefined;
  const header = response.headers['retry-after'];
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.max(seconds * 1000, 10) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function networkError(action: string, cause: unknown, signal: AbortSignal | undefined): KubeError {
  if (isKubeError(cause)) return cause;
  if (signal?.aborted) return new KubeError('aborted', `${action}: stopped`, { cause });
  const { name, code, message } = cause as { name?: string; code?: string; message?: string };
  const timedOut = name === 'TimeoutError' || /TIMEOUT/.test(code ?? '');
  return new KubeError(
    timedOut ? 'timeout' : 'unreachable',
    `${action}: ${timedOut ? 'no answer in time' : (code ?? message ?? 'failed')}`,
    { cause },
  );
}

async function* splitLines(
  body: AsyncIterable<Buffer>,
  action: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield line;
    }
  } catch (cause) {
    throw networkError(action, cause, signal);
  }
  // A server that dies between two bytes leaves half a line; the caller's parser refuses it.
  if (rest !== '') yield rest;
}
