import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApiServer } from '@cofferdam/devcluster/apiserver';
import {
  type ClusterConfig,
  createClient,
  createTransport,
  type KubeClient,
  type KubeObject,
  kubeconfigFile,
  type ObjectKey,
  RESOURCES,
  type Resource,
  type Transport,
} from '../../src/engine/index.ts';

/** The in-memory API server and a client whose writes are counted. */
export type InMemoryCluster = {
  config: ClusterConfig;
  /** Somebody else: field manager `kubectl-edit`. */
  somebody: KubeClient;
  /** Field manager `engine`; what it sends stands in `sent`. */
  client: KubeClient;
  sent: string[];
  writes(): string[];
  stop(): Promise<void>;
};

export async function startInMemoryCluster(namespace: string): Promise<InMemoryCluster> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'cofferdam-engine-'));
  const api = await startApiServer({ stateDirectory });
  const config = await kubeconfigFile(api.kubeconfig);
  const transport = createTransport(config);
  const sent: string[] = [];
  const counting: Transport = {
    ...transport,
    send(request) {
      sent.push(`${request.method} ${request.path.split('?')[0]?.split('/').slice(-2).join('/')}`);
      return transport.send(request);
    },
  };
  const somebody = createClient({ transport, fieldManager: 'kubectl-edit' });
  await somebody.create(RESOURCES.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
  return {
    config,
    somebody,
    client: createClient({ transport: counting, fieldManager: 'engine' }),
    sent,
    writes: () => sent.filter((one) => !one.startsWith('GET')),
    async stop() {
      await transport.close();
      await api.close();
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}

export async function exists(client: KubeClient, resource: Resource, key: ObjectKey): Promise<boolean> {
  const list = await client.list(resource, { namespace: key.namespace });
  return list.items.some(({ metadata }: KubeObject) => metadata.name === key.name);
}
