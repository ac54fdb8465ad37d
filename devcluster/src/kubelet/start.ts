import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createEventRecorder, type KubeClient, RESOURCES } from '@cofferdam/operator/engine';
import type { ConfigMap, Pod, Secret } from '../controllers/objects.ts';
import { createWatches, type Watches } from '../controllers/watches.ts';
import { createSupervisor } from '../process/index.ts';
import type { KubeletContext } from './context.ts';
import type { ImageTable } from './images.ts';
import { startLogServer } from './log-server.ts';
import { registerNode } from './node.ts';
import { createPodAddressPool } from './pod-addresses.ts';
import { PodWorker } from './pod-worker.ts';
import { startScheduler } from './scheduler.ts';
import { startServiceNetwork } from './service-network.ts';

export type KubeletOptions = {
  client: KubeClient;
  watches?: Watches;
  /** Pods' directories, logs and the journal of processes go below it. */
  stateDirectory: string;
  /** Survives the state: compiled code, so that the second start of a program is quicker. */
  cacheDirectory: string;
  images: ImageTable;
  apiServer: { url: string; caPem: string };
  /** Default devcluster-1. */
  nodeName?: string;
  /** Loopback address of the node. Default 127.79.0.1. */
  nodeAddress?: string;
  /** Loopback addresses of the pods. Default 127.80.0.0/20. */
  podNetwork?: string;
  /** Who has it is the API server, and may read the logs of pods. */
  logToken: string;
  podIdentity?: { region: string; endpoint: string };
  /** First wait of CrashLoopBackOff, milliseconds. Default 10000, as Kubernetes has it. */
  restartBackoffMs?: number;
  /** PATH, TZ, LANG. */
  environment: Record<string, string>;
  now?: () => Date;
  log?: (message: string) => void;
};

export type Kubelet = { stop(): Promise<void> };

/** Runs a node whose containers are processes of this machine, as an API client. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { client, stateDirectory, log = () => {} } = options;
  const onError = (what: string, error: Error): void => log(`watch ${what}: ${error.message}`);
  const watches = options.watches ?? createWatches(client, onError);
  const context = await createContext(options, watches, log);
  const { directories, node } = context;
  await rm(directories.pods, { recursive: true, force: true });
  await Promise.all(
    [directories.pods, directories.logs].map((path) => mkdir(path, { recursive: true, mode: 0o700 })),
  );
  const watched = [RESOURCES.services, RESOURCES.endpointSlices, RESOURCES.configMaps, RESOURCES.secrets];
  await Promise.all(watched.map((resource) => watches.of(resource).synced()));

  const network = startServiceNetwork(context);
  const workers = followPods(context);
  const logServer = await startLogServer(node.address, options.logToken, (pod, container, previous) =>
    workers.find(pod.namespace, pod.name)?.logs(container, previous),
  );
  const stopHeartbeat = await registerNode(context, logServer.port);
  const scheduler = startScheduler(context);
  log(`node ${node.name}: ready (pods in ${join(stateDirectory, 'pods')})`);
  return {
    async stop() {
      stopHeartbeat();
      await scheduler.stop();
      await workers.stop();
      await Promise.all([network.stop(), logServer.close()]);
      await context.supervisor.close();
      if (options.watches === undefined) await watches.stop();
    },
  };
}

async function createContext(
  options: KubeletOptions,
  watches: Watches,
  log: (message: string) => void,
): Promise<KubeletContext> {
  const { client, stateDirectory, cacheDirectory, nodeName = 'devcluster-1' } = options;
  return {
    client,
    watches,
    events: createEventRecorder({ client, component: 'kubelet', instance: nodeName }),
    supervisor: await createSupervisor({ journal: join(stateDirectory, 'pod-processes.jsonl') }),
    addresses: createPodAddressPool(options.podNetwork ?? '127.80.0.0/20'),
    node: { name: nodeName, address: options.nodeAddress ?? '127.79.0.1' },
    images: options.images,
    directories: {
      pods: join(stateDirectory, 'pods'),
      logs: join(stateDirectory, 'logs', 'pods'),
      compileCache: join(cacheDirectory, 'compiled'),
    },
    environment: options.environment,
    hostsFile: join(stateDirectory, 'hosts.json'),
    apiServer: options.apiServer,
    podIdentity: options.podIdentity,
    restartBackoffMs: options.restartBackoffMs ?? 10_000,
    retryMs: 1_000,
    now: options.now ?? (() => new Date()),
    log,
  };
}

/** One worker for each pod that is bound to this node. */
function followPods(context: KubeletContext) {
  const { watches, node } = context;
  const workers = new Map<string, PodWorker>();
  const finished = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

  function seen(pod: Pod): void {
    if (pod.spec.nodeName !== node.name) return;
    const worker = workers.get(pod.metadata.uid);
    if (worker !== undefined) worker.update(pod);
    // A finished pod that we do not know was run by an earlier kubelet: all that is left to do is to let it go.
    else if (!finished(pod) || pod.metadata.deletionTimestamp !== undefined) {
      workers.set(pod.metadata.uid, new PodWorker(context, pod));
    }
  }
  const refresh = (object: ConfigMap | Secret): void => {
    for (const { metadata } of watches.of<Pod>(RESOURCES.pods).store.list()) {
      if (metadata.namespace === object.metadata.namespace) void workers.get(metadata.uid)?.refresh();
    }
  };
  const references = { added: refresh, updated: refresh, deleted: refresh };
  const ends = [
    watches.of<Pod>(RESOURCES.pods).subscribe({
      added: seen,
      updated: seen,
      deleted: ({ metadata }) => {
        const worker = workers.get(metadata.uid);
        workers.delete(metadata.uid);
        void worker?.abandon();
      },
    }),
    watches.of<ConfigMap>(RESOURCES.configMaps).subscribe(references),
    watches.of<Secret>(RESOURCES.secrets).subscribe(references),
  ];
  return {
    find(namespace: string, name: string): PodWorker | undefined {
      const pod = watches.of<Pod>(RESOURCES.pods).store.get(namespace, name);
      return pod === undefined ? undefined : workers.get(pod.metadata.uid);
    },
    async stop() {
      for (const end of ends) end();
      await Promise.all([...workers.values()].map((worker) => worker.abandon()));
    },
  };
}
