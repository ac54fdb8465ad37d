import { readFile } from 'node:fs/promises';
import { Statusz } from '@cofferdam/contracts';
import { Agent, request } from 'undici';

/** What our services say of themselves. */
export type StatuszReader = {
  /** `GET <baseUrl>/statusz`; undefined when it cannot be had, for whatever reason. */
  read(baseUrl: string): Promise<Statusz | undefined>;
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
  const agent = new Agent({ connect: { timeout: timeoutMs }, keepAliveTimeout: 5_000 });
  return {
    async read(baseUrl) {
      if (tokenFile === undefined) return undefined;
      try {
        const token = (await readFile(tokenFile, 'utf8')).trim();
        const response = await request(`${baseUrl}/statusz`, {
          dispatcher: agent,
          headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
          signal: AbortSignal.timeout(timeoutMs),
        });
        const body = await response.body.text();
        if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
        return Statusz.parse(JSON.parse(body));
      } catch (error) {
        onFailure(baseUrl, error);
        return undefined;
      }
    },
    close: () => agent.destroy(),
  };
}
