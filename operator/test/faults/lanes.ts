import { createTransport } from '../../src/engine/index.ts';
import { startTestCluster, type TestCluster } from '../cluster-harness.ts';
import { type Lane, noteRevision, openLane } from './lane.ts';

/** One API server, and as many namespaces with operators of their own as somebody asks for. */
export type Lanes = {
  cluster: TestCluster;
  /**
   * Opens a lane, and closes it when `run` has ended.
   *
   * @throws whatever the signal was aborted with, as soon as it is
   */
  inLane<T>(namespace: string, run: (lane: Lane) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

export async function startLanes(signal = new AbortController().signal): Promise<Lanes> {
  signal.throwIfAborted();
  // Only the embedded API server has faults on request, whatever cluster the environment names.
  const cluster = await startTestCluster({});
  cluster.mirror.onChange(({ metadata }) => noteRevision(metadata.resourceVersion));
  // A watch takes a connection, and a lane more than ten of them.
  const transport = createTransport(cluster.operatorConfig, { connections: 4_096 });
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {}); // with no lane open there is nobody to tell
  return {
    cluster,
    async inLane(namespace, run) {
      signal.throwIfAborted();
      const lane = await openLane({ cluster, transport, namespace });
      try {
        return await Promise.race([run(lane), aborted]);
      } finally {
        await lane.close();
      }
    },
    async close() {
      await transport.close();
      await cluster.stop();
    },
  };
}
