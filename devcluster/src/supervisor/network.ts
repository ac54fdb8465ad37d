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
/** What our own pods listen on, each at its address: the Services, and the protocols of the PSP simulator. */
const POD_PORTS = [8080, 8081, 8082];

/**
 * Claims the first free set of addresses.
 *
 * @param addonPorts what the addons listen on, each at its address
 * @throws ClusterError `address_in_use` when a program has one of the ports on every address of this machine
 */
export async function claimNetwork(addonPorts: readonly number[]): Promise<ClusterNetwork> {
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const nodeAddress = `127.79.0.${slot + 1}`;
    const claim = await listen(nodeAddress, CLAIM_PORT);
    if (claim === undefined) continue;
    try {
      for (const port of [...POD_PORTS, ...addonPorts]) await checkFree(nodeAddress, port);
    } catch (error) {
      claim.close();
      throw error;
    }
    return {
      nodeAddress,
      podNetwork: `127.80.${slot * 16}.0/20`,
      serviceNetwork: `127.${64 + slot}.0.0/16`,
      addons: { postgres: `127.96.${slot}.1`, kms: `127.96.${slot}.2`, kafka: `127.96.${slot}.3` },
      release: () => void claim.close(),
    };
  }
  const why = `${SLOTS} clusters are up, or a program has port ${CLAIM_PORT} on all addresses of this machine`;
  throw new ClusterError('address_in_use', `${why}; find out with: ss -ltnp sport = :${CLAIM_PORT}`);
}

/** Nobody has this address but us, so a port that is taken here is taken everywhere. */
async function checkFree(host: string, port: number): Promise<void> {
  const probe = await listen(host, port);
  if (probe === undefined) {
    throw new ClusterError(
      'address_in_use',
      `port ${port} is taken on all addresses of this machine, and a cluster listens on it at addresses of its own; ` +
        `find the program with: ss -ltnp sport = :${port} (published by a container: bind it to 127.0.0.1)`,
    );
  }
  await new Promise((resolve) => probe.close(resolve));
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
