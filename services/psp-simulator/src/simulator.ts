import {
  createLogger,
  createMetrics,
  type Logger,
  Readiness,
  type ServerCredentials,
} from '@cofferdam/runtime';
import { buildAdmin } from './admin.ts';
import { buildAdyen } from './adyen/server.ts';
import { Listener } from './listener.ts';
import { SimulatorState } from './state.ts';
import { buildStripe } from './stripe/server.ts';
import { buildUpdater } from './updater/server.ts';

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0 each: a free port. */
  readonly adminPort?: number;
  readonly stripePort?: number;
  readonly adyenPort?: number;
  readonly updaterPort?: number;
  /** How long a slow answer takes, milliseconds. Default 3000. */
  readonly slowMs?: number;
  /** Of the protocols. Default: plaintext, which no connector speaks. */
  readonly tls?: ServerCredentials | 'plaintext';
  /** When given, the only keys that are taken. */
  readonly stripeApiKeys?: readonly string[];
  readonly adyenApiKeys?: readonly string[];
  readonly updaterTokens?: readonly string[];
  readonly now?: () => Date;
  /** Default: writes nothing. */
  readonly logger?: Logger;
}

export interface Simulator {
  readonly adminUrl: string;
  readonly stripeUrl: string;
  readonly adyenUrl: string;
  /** An account updater service. */
  readonly updaterUrl: string;
  /** The remembered charges, keys and faults; the admin API is the same from outside. */
  readonly state: SimulatorState;
  close(): Promise<void>;
}

/** Starts both PSPs' protocols, the account updater and the admin API. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const host = options.host ?? '127.0.0.1';
  const now = options.now ?? (() => new Date());
  const tls = options.tls ?? 'plaintext';
  const slowMs = options.slowMs ?? 3000;
  const state = new SimulatorState(slowMs);
  const stripe = new Listener(
    () => buildStripe({ state, now, tls, apiKeys: options.stripeApiKeys ?? [] }),
    host,
    options.stripePort ?? 0,
  );
  const adyen = new Listener(
    () => buildAdyen({ state, now, tls, apiKeys: options.adyenApiKeys ?? [] }),
    host,
    options.adyenPort ?? 0,
  );
  const updater = new Listener(
    () => buildUpdater({ state: state.updater, now, tls, slowMs, tokens: options.updaterTokens ?? [] }),
    host,
    options.updaterPort ?? 0,
  );
  const logger = options.logger ?? createLogger({ service: 'psp-simulator', level: 'silent' });
  const metrics = createMetrics();
  const admin = new Listener(
    () =>
      buildAdmin({ logger, metrics, readiness: new Readiness(), tls: 'plaintext' }, state, { stripe, adyen }),
    host,
    options.adminPort ?? 0,
  );
  const listeners = [stripe, adyen, updater, admin];
  await Promise.all(listeners.map((listener) => listener.up()));
  const scheme = tls === 'plaintext' ? 'http' : 'https';
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host;
  return {
    adminUrl: `http://${reachable}:${admin.port}`,
    stripeUrl: `${scheme}://${reachable}:${stripe.port}`,
    adyenUrl: `${scheme}://${reachable}:${adyen.port}`,
    updaterUrl: `${scheme}://${reachable}:${updater.port}`,
    state,
    close: async () => {
      await Promise.all(listeners.map((listener) => listener.down()));
      await metrics.close();
    },
  };
}
