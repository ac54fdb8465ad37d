import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { Statusz } from '@cofferdam/contracts';
import { Agent, request } from 'undici';

const MOST_AGENTS = 64;

/** What our services say of themselves. */
export type StatuszReader = {
  /**
   * `GET <baseUrl>/statusz`; undefined when it cannot be had, for whatever reason.
   * @param authorities PEM by which the server is verified. Default: the public ones
   */
  read(baseUrl: string, authorities?: string): Promise<Statusz | undefined>;
  close(): Promise<void>;
};

/**
 * @param tokenFile our own service-account token, audience `cofferdam`; read at each call, since the kubelet
 * replaces it. Without it nobody can be asked, as outside a cluster.
 */
export function statuszReader(options: {
  tokenFile: string | undefined;
  timeoutMs?: number;
  onFailure?: (baseUrl: string, error: unknown) => void;
}): StatuszReader {
  const { tokenFile, timeoutMs = 2_000, onFailure = () => {} } = options;
  const agents = new Map<string, Agent>();
  /** One for each bundle. The longest unused goes: a bundle that was rotated is never asked for again. */
  const agentFor = (ca: string | undefined): Agent => {
    const key = ca ?? 'public';
    const agent = agents.get(key) ?? agentTrusting(ca, timeoutMs);
    agents.delete(key);
    agents.set(key, agent);
    for (const [old, unused] of agents) {
      if (agents.size <= MOST_AGENTS) break;
      agents.delete(old);
      void unused.close();
    }
    return agent;
  };
  return {
    async read(baseUrl, authorities) {
      if (tokenFile === undefined) return undefined;
      try {
        const token = (await readFile(tokenFile, 'utf8')).trim();
        const response = await request(`${baseUrl}/statusz`, {
          dispatcher: agentFor(authorities),
          headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
          signal: AbortSignal.timeout(timeoutMs),
          // Each Service is asked twice a minute: thousands of connections kept for that would be memory for nothing.
          reset: true,
        });
        const body = await response.body.text();
        if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
        return Statusz.parse(JSON.parse(body));
      } catch (error) {
        onFailure(baseUrl, error);
        return undefined;
      }
    },
    close: async () => void (await Promise.all([...agents.values()].map((agent) => agent.destroy()))),
  };
}

/** Reading the bundle into a context takes longer than the handshake, so it is done once. */
function agentTrusting(ca: string | undefined, timeoutMs: number): Agent {
  const trust = ca === undefined ? {} : { secureContext: createSecureContext({ ca }) };
  return new Agent({ connect: { timeout: timeoutMs, ...trust } });
}
