import { connect } from 'node:net';

export type Reachable = 'yes' | 'no' | 'unknown';

/**
 * Whether the PSP's host takes TCP connections. Says nothing of credentials, and costs the PSP no request.
 * Asked at most every `cacheMs`, because `/statusz` is polled by several.
 */
export function createReachabilityCheck(
  endpoint: URL,
  options: { timeoutMs?: number; cacheMs?: number; now?: () => number } = {},
): () => Promise<Reachable> {
  const { timeoutMs = 1000, cacheMs = 5000, now = Date.now } = options;
  const port = Number(endpoint.port) || (endpoint.protocol === 'http:' ? 80 : 443);
  let cached: { at: number; answer: Promise<Reachable> } | undefined;
  return () => {
    if (cached === undefined || now() - cached.at > cacheMs) {
      cached = { at: now(), answer: tryConnect(endpoint.hostname, port, timeoutMs) };
    }
    return cached.answer;
  };
}

function tryConnect(host: string, port: number, timeoutMs: number): Promise<Reachable> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const finish = (answer: Reachable) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => finish('yes'));
    socket.once('timeout', () => finish('no'));
    socket.once('error', () => finish('no'));
  });
}
