import { createTransport } from '../../src/engine/index.ts';
import { startTestCluster, type TestCluster } from '../cluster-harness.ts';
import { type Lane, noteRevision, openLane } from './lane.ts';

/** One API server, and as many namespaces with operators of their own as somebody asks for. */
export type Lanes = {
  cluster: TestCluster;
  /** Opens a lane, and closes it when `run` has ended. */
  inLane<T>(namespace: string, run: (lane: Lane) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

export async function startLanes(): Promise<Lanes> {
  const cluster = await startTestCluster();
  cluster.mirror.onChange(({ metadata }) => noteRevision(metadata.resourceVersion));
  // A watch takes a connection, and a lane more than ten of them.
  const transport = createTransport(cluster.operatorConfig, { connections: 4_096 });
  return {
    cluster,
    async inLane(namespace, run) {
      const lane = await openLane({ cluster, transport, namespace });
      try {
        return await run(lane);
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
