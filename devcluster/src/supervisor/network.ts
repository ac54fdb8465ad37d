import { createServer, type Server } from 'node:net';
import { ClusterError } from '../errors.ts';

/** The loopback addresses of one cluster: several may run on a machine, for example a test beside the demo. */
export type ClusterNetwork = {
  nodeAddress: string;
  podNetwork: string;
  serviceNetwork: string;
  addons: { postgres: string; kms: string; kafka: string };
  release(): void;
};

const SLOTS = 15;
/** Of no use but to be taken: who listens here owns the slot, and the kernel gives it back when he dies. */
const CLAIM_PORT = 10_249;
/** What every Service of ours listens on. */
const POD_PORT = 8080;

/** Claims the first free set of addresses. @throws ClusterError */
export async function claimNetwork(): Promise<ClusterNetwork> {
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const nodeAddress = `127.79.0.${slot + 1}`;
    const claim = await listen(nodeAddress, CLAIM_PORT);
    if (claim === undefined) continue;
    const probe = await listen(nodeAddress, POD_PORT);
    if (probe === undefined) {
      claim.close();
      throw new ClusterError(
        'address_in_use',
        `port ${POD_PORT} is taken on all addresses of this machine, and every pod listens on it at an address ` +
          'of its own; find the program with: ss -ltnp sport = :8080',
      );
    }
    probe.close();
    return {
      nodeAddress,
      podNetwork: `127.80.${slot * 16}.0/20`,
      serviceNetwork: `127.${64 + slot}.0.0/16`,
      addons: { postgres: `127.96.${slot}.1`, kms: `127.96.${slot}.2`, kafka: `127.96.${slot}.3` },
      release: () => void claim.close(),
    };
  }
  throw new ClusterError('address_in_use', `${SLOTS} clusters are up on this machine; end one of them first`);
}

function listen(host: string, port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return resolve(undefined);
      const why = `this machine cannot listen on ${host}:${port} (${error.code}); each pod needs a loopback address`;
      reject(new ClusterError('unsupported', `${why} of its own, which Linux has`, { cause: error }));
    });
    // It must not keep the process alive.
    server.unref().listen(port, host, () => resolve(server));
  });
}
