import dns from 'node:dns';
import { join } from 'node:path';
import { Agent } from 'undici';
import type { Services } from './services.ts';

type Reachable = Pick<Services, 'addresses' | 'ca'>;

/** Connections to Services by the names that their certificates hold, as a pod has them. */
export function serviceConnections({ addresses, ca }: Reachable): Agent {
  const lookup: typeof dns.lookup = ((host: string, options: object, callback: LookupCallback) => {
    const address = addresses[host];
    if (address === undefined) dns.lookup(host, options, callback as never);
    else if ('all' in options && options.all === true) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  }) as never;
  return new Agent({ connect: { ca, lookup } });
}

type LookupCallback = (
  error: null,
  address: string | { address: string; family: number }[],
  family?: number,
) => void;

/** For curl's `--connect-to`: name and port of a URL, then where to connect instead. */
export function connectTo({
  addresses,
  vault,
  router,
}: Pick<Services, 'addresses' | 'vault' | 'router'>): string[] {
  return [vault, router].map((url) => {
    const { hostname, port } = new URL(url);
    return `${hostname}:${port}:${addresses[hostname]}:${port}`;
  });
}

/** Where the files for other clients lie in the state directory. */
export function clientFiles(stateDirectory: string) {
  return { caFile: join(stateDirectory, 'ca.crt'), curlConfig: join(stateDirectory, 'curl.conf') };
}

/** For `curl -K`: URLs with the names of Services work with it, and are verified. */
export function curlConfig(
  services: Pick<Services, 'addresses' | 'vault' | 'router'>,
  caFile: string,
): string {
  const lines = [
    `cacert = ${JSON.stringify(caFile)}`,
    ...connectTo(services).map((entry) => `connect-to = ${JSON.stringify(entry)}`),
  ];
  return `${lines.join('\n')}\n`;
}
