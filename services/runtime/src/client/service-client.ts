import { IDEMPOTENCY_KEY_HEADER, MERCHANT_HEADER, Problem } from '@cofferdam/contracts';
import { request } from 'undici';
import type { z } from 'zod';
import { REQUEST_ID_HEADER } from '../http/request-id.ts';
import type { Trust } from '../tls/trust.ts';
import { type Outgoing, traceOutgoing } from '../tracing/http-client.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { followingAgent } from './following-agent.ts';
import { neverSent } from './never-sent.ts';
import { readKnown } from './read-known.ts';
import type { TokenSource } from './token-source.ts';

/**
 * Why a call to another of our services gave no answer of the expected shape.
 * `unsent`: the request certainly never reached the service (name not found, connection refused, a server that cannot
 * be verified, no token);
 * `problem`: it answered with a problem; `timeout`, `broken` (reset, closed) and `bad_answer`: it may have acted.
 */
export type CallFailure = 'unsent' | 'timeout' | 'broken' | 'problem' | 'bad_answer';

export class ServiceCallError extends Error {
  override readonly name = 'ServiceCallError';
  readonly failure: CallFailure;
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** What the service answered, for `failure: 'problem'`. */
  readonly problem: Problem | undefined;

  constructor(
    failure: CallFailure,
    message: string,
    more: { status?: number; problem?: Problem; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.failure = failure;
    this.status = more.status;
    this.problem = more.problem;
  }
}

export interface Call<S extends z.ZodType> {
  method: 'GET' | 'POST' | 'DELETE';
  /** Such as `/v1/tokens/{token}`: as it stands here it is the name of a span. */
  path: string;
  /** What stands in the path's braces. */
  parameters?: Readonly<Record<string, string>>;
  /** Shape of a 2xx answer. */
  answer: S;
  body?: unknown;
  /** Header cofferdam-merchant. */
  merchant?: string;
  requestId?: string;
  idempotencyKey?: string;
  /** Longest wait for the whole answer. Default: the client's. */
  timeoutMs?: number;
}

export interface ServiceClient {
  /** @throws {ServiceCallError} */
  call<S extends z.ZodType>(call: Call<S>): Promise<z.infer<S>>;
  close(): Promise<void>;
}

export interface ServiceClientOptions {
  /** Such as `https://payments-vault.payments-dev.svc:8080`. */
  baseUrl: string;
  token: TokenSource;
  /** Default 5000. */
  timeoutMs?: number;
  /** Who says that the service is the one of its name. */
  trust: Pick<Trust, 'ca'>;
  /** Absent: no traces. */
  tracing?: Tracing | undefined;
}

const MAX_ANSWER_BYTES = 1024 * 1024;

/** A client for our own services: keep-alive, bearer token, one deadline for the whole exchange, no retries. */
export function createServiceClient(options: ServiceClientOptions): ServiceClient {
  const agent = followingAgent({
    ca: () => options.trust.ca(),
    connectTimeoutMs: 2000,
    limits: {
      connections: 64,
      // Shorter than the server's 75 s, so that we do not send into a connection that it is closing.
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 60_000,
      maxResponseSize: MAX_ANSWER_BYTES,
    },
  });
  const exchange = async <S extends z.ZodType>(
    call: Call<S>,
    url: URL,
    outgoing: Outgoing,
  ): Promise<z.infer<S>> => {
    const token = await options.token().catch((cause: unknown) => {
      throw new ServiceCallError('unsent', 'our own token cannot be read', { cause });
    });
    const signal = AbortSignal.timeout(call.timeoutMs ?? options.timeoutMs ?? 5000);
    try {
      const response = await request(url, {
        method: call.method,
        dispatcher: agent.dispatcher(),
        signal,
        headers: { ...headersOf(call, token), ...outgoing.headers },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      outgoing.answered(response.statusCode);
      return readAnswer(call.answer, response.statusCode, await response.body.text());
    } catch (error) {
      throw error instanceof ServiceCallError ? error : transportError(error, signal);
    }
  };
  return {
    call: async (call) => {
      const url = new URL(filled(call), options.baseUrl);
      return traceOutgoing(
        options.tracing,
        { method: call.method, url, template: call.path, propagate: true },
        (outgoing) => exchange(call, url, outgoing),
      );
    },
    close: () => agent.close(),
  };
}

function filled({ path, parameters = {} }: Call<z.ZodType>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
}

function headersOf(call: Call<z.ZodType>, token: string): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(call.merchant === undefined ? {} : { [MERCHANT_HEADER]: call.merchant }),
    ...(call.requestId === undefined ? {} : { [REQUEST_ID_HEADER]: call.requestId }),
    ...(call.idempotencyKey === undefined ? {} : { [IDEMPOTENCY_KEY_HEADER]: call.idempotencyKey }),
  };
}

function readAnswer<S extends z.ZodType>(schema: S, status: number, text: string): z.infer<S> {
  const json = parseJson(text);
  if (status >= 200 && status < 300) {
    const parsed = readKnown(schema, text === '' ? undefined : json);
    if (parsed.success) return parsed.data;
    throw new ServiceCallError('bad_answer', `answer ${status} does not have the agreed shape`, { status });
  }
  const problem = Problem.safeParse(json);
  if (!problem.success)
    throw new ServiceCallError('bad_answer', `answer ${status} is not a problem`, { status });
  throw new ServiceCallError('problem', `answered ${status} ${problem.data.code}`, {
    status,
    problem: problem.data,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function transportError(error: unknown, signal: AbortSignal): ServiceCallError {
  if (neverSent(error)) {
    const { code } = error as { code?: unknown };
    return new ServiceCallError('unsent', `not sent: ${code}`, { cause: error });
  }
  if (signal.aborted) return new ServiceCallError('timeout', 'no answer in time', { cause: error });
  return new ServiceCallError('broken', 'the connection broke', { cause: error });
}
