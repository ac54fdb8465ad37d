import { Agent } from 'undici';
import type { Clock } from './clock.ts';
import type { ClusterConfig, TlsSettings } from './cluster-config.ts';

/** The keep-alive connections of one cluster. */
export type Pools = {
  agent(pool: 'requests' | 'watches'): Promise<Agent>;
  /** Told of every failure: one of TLS may mean that the files are replaced. */
  failed(cause: unknown): void;
  close(): Promise<void>;
};

/** The kubelet replaces a mounted file within a minute or two, long before the old certificate ends. */
const READ_AGAIN_MS = 60_000;
const TLS_FAILURE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_SSL|ERR_TLS/;

export function createPools(config: ClusterConfig, options: { connections: number; clock: Clock }): Pools {
  const { clock } = options;
  // Watches apart: there are as many as kinds and namespaces, and they must not keep a lease from being renewed.
  const open = (tls: TlsSettings) => {
    // While it is open whether a server speaks HTTP/2, undici gives one connection several requests. Where it then
    // speaks HTTP/1.1, they wait behind each other: behind a watch, for minutes.
    const connect = { rejectUnauthorized: true, ...tls, timeout: 10_000 };
    const common = { allowH2: false, keepAliveTimeout: 30_000, connect };
    return {
      text: textOf(tls),
      requests: new Agent({ ...common, connections: options.connections }),
      watches: new Agent(common),
    };
  };
  let current = open(config.tls);
  let readAt = clock.monotonicMs();
  const retired = new Set<ReturnType<typeof open>>();

  async function refresh(readTls: () => Promise<TlsSettings>): Promise<void> {
    readAt = clock.monotonicMs();
    // Half replaced, or gone for a moment: what we have is as good as before.
    const tls = await readTls().catch(() => undefined);
    if (tls === undefined || textOf(tls) === current.text) return;
    const old = current;
    current = open(tls);
    // What is under way ends by itself, a watch within its ten minutes.
    retired.add(old);
    const ended = Promise.all([old.requests.close(), old.watches.close()]).catch(() => {});
    void ended.then(() => retired.delete(old));
  }

  return {
    async agent(pool) {
      if (config.readTls !== undefined && clock.monotonicMs() - readAt >= READ_AGAIN_MS) {
        await refresh(config.readTls);
      }
      return current[pool];
    },
    failed(cause) {
      const { code, message } = cause as { code?: string; message?: string };
      if (TLS_FAILURE.test(`${code} ${message}`)) readAt = Number.NEGATIVE_INFINITY;
    },
    async close() {
      const all = [current, ...retired];
      await Promise.all(all.flatMap(({ requests, watches }) => [requests.destroy(), watches.destroy()]));
    },
  };
}

function textOf(tls: TlsSettings): string {
  return [tls.ca, tls.cert, tls.key].map((part) => part?.toString() ?? '').join('\n');
}
