import { readFile } from 'node:fs/promises';
import { kubeconfigFile } from './kubeconfig.ts';
import { bearerFromFile } from './token-file.ts';

export type TlsSettings = {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
};

/** How to reach a cluster and who we are there. */
export type ClusterConfig = {
  /** Base URL, such as `https://10.96.0.1:443`. */
  server: string;
  tls: TlsSettings;
  /** Reads them anew where they come from files, which are replaced when the cluster rotates its certificates. */
  readTls?: () => Promise<TlsSettings>;
  /** Headers of the next request; asked again for each, since tokens expire. */
  authorize(): Promise<Record<string, string>>;
  /** The namespace of the current context, or of the pod. */
  namespace: string;
};

const POD_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The configuration of a pod: host and port from the environment, CA and token from the mounted files. */
export async function inClusterConfig(host: string, port: string): Promise<ClusterConfig> {
  const read = (name: string) => readFile(`${POD_DIRECTORY}/${name}`, 'utf8');
  const readTls = async () => ({ ca: await read('ca.crt') });
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: await readTls(),
    readTls,
    authorize: bearerFromFile(`${POD_DIRECTORY}/token`),
    namespace: (await read('namespace').catch(() => 'default')).trim(),
  };
}

/**
 * As kubectl chooses: `KUBECONFIG` (its first file), else the pod's own configuration, else `~/.kube/config`.
 * @throws when none of them is there
 */
export async function loadClusterConfig(env: Record<string, string | undefined>): Promise<ClusterConfig> {
  const listed = env['KUBECONFIG']?.split(':').find((part) => part !== '');
  if (listed !== undefined) return kubeconfigFile(listed);
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host !== undefined) return inClusterConfig(host, port);
  if (env['HOME'] !== undefined) return kubeconfigFile(`${env['HOME']}/.kube/config`);
  throw new Error('no cluster: set KUBECONFIG to a kubeconfig file, or run in a pod');
}
