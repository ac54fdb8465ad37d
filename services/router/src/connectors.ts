import { ChargeResult, type CreateCharge, type ProblemCode } from '@cofferdam/contracts';
import {
  createServiceClient,
  type Logger,
  ServiceCallError,
  type ServiceClient,
  type TokenSource,
  type Tracing,
  type Trust,
} from '@cofferdam/runtime';
import type { Connector } from './domain/selection.ts';

/** The connectors, each behind its URL. */
export interface Connectors {
  /** Never throws: what is not known is said in the result. */
  charge(connector: Connector, charge: CreateCharge): Promise<ChargeResult>;
  close(): Promise<void>;
}

export interface ConnectorsOptions {
  token: TokenSource;
  trust: Trust;
  tracing?: Tracing | undefined;
  logger: Pick<Logger, 'warn'>;
}

/** One client a URL: a connector's connections stay open between payments. */
export function createConnectors({ logger, ...options }: ConnectorsOptions): Connectors {
  const clients = new Map<string, ServiceClient>();
  const clientOf = (baseUrl: string): ServiceClient => {
    const existing = clients.get(baseUrl);
    if (existing !== undefined) return existing;
    const client = createServiceClient({ baseUrl, ...options });
    clients.set(baseUrl, client);
    return client;
  };
  return {
    charge: async (connector, charge) => {
      try {
        return await clientOf(connector.url).call({
          method: 'POST',
          path: '/v1/charges',
          answer: ChargeResult,
          body: charge,
          timeoutMs: connector.timeoutMs,
        });
      } catch (error) {
        // The result has the meaning; this is the reason: a name, a port, a certificate.
        const reason = error instanceof Error ? error.message : 'unknown';
        const { attemptId } = charge;
        logger.warn({ connector: connector.name, attemptId, reason }, 'a connector gave no result');
        return resultOfFailure(error);
      }
    },
    close: async () => {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}

/** A connector answers with these before it calls the PSP, and never afterwards. */
const BEFORE_THE_PSP: readonly ProblemCode[] = [
  'account_not_allowed',
  'body_too_large',
  'cvc_unavailable',
  'forbidden',
  'grant_invalid',
  'invalid_request',
  'key_unavailable',
  'malformed_json',
  'method_not_allowed',
  'not_found',
  'overloaded',
  'rate_limited',
  'token_not_found',
  'unauthenticated',
  'unsupported_media_type',
  'vault_unavailable',
];

/** Definitive only where nothing can have been sent to the PSP. */
export function resultOfFailure(error: unknown): ChargeResult {
  if (error instanceof ServiceCallError) {
    if (error.failure === 'unsent')
      return { outcome: 'error', processed: 'no', code: 'connector_unreachable' };
    const code = error.problem?.code;
    if (code !== undefined && BEFORE_THE_PSP.includes(code))
      return { outcome: 'error', processed: 'no', code };
    if (error.failure === 'timeout') return { outcome: 'unknown', processed: 'unknown', code: 'timeout' };
  }
  return { outcome: 'unknown', processed: 'unknown', code: 'connector_failed' };
}
