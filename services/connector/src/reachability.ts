import { connect } from 'node:tls';
import type { Trust } from '@cofferdam/runtime';

export type Reachable = 'yes' | 'no' | 'unknown';

/**
 * Whether the PSP's host takes connections and proves its name, as it has to for a charge. Says nothing of credentials,
 * and costs the PSP no request.
 * Asked at most every `cacheMs`, because `/statusz` is polled by several.
 */
export function createReachabilityCheck(
  endpoint: URL,
  options: { trust: Pick<Trust, 'ca'>; timeoutMs?: number; cacheMs?: number; now?: () => number },
): () => Promise<Reachable> {
  const { trust, timeoutMs = 1000, cacheMs = 5000, now = Date.now } = options;
  const port = Number(endpoint.port) || 443;
  let cached: { at: number; answer: Promise<Reachable> } | undefined;
  return () => {
    if (cached === undefined || now() - cached.at > cacheMs) {
      cached = {
        at: now(),
        answer: tryConnect({ host: endpoint.hostname, port, timeoutMs, ca: trust.ca() }),
      };
    }
    return cached.answer;
  };
}

interface Target {
  host: string;
  port: number;
  timeoutMs: number;
  ca: string | undefined;
}

function tryConnect({ host, port, timeoutMs, ca }: Target): Promise<Reachable> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs, ...(ca === undefined ? {} : { ca }) });
    const finish = (answer: Reachable) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('secureConnect', () => finish('yes'));
    socket.once('timeout', () => finish('no'));
    socket.on('error', () => finish('no'));
  });
}
