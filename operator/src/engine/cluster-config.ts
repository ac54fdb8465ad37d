import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

/** How to reach a cluster and who we are there. */
export type ClusterConfig = {
  /** Base URL, such as `https://10.96.0.1:443`. */
  server: string;
  tls: {
    ca?: string | Buffer;
    cert?: string | Buffer;
    key?: string | Buffer;
    servername?: string;
    rejectUnauthorized?: boolean;
  };
  /** Headers of the next request; asked again for each, since tokens expire. */
  authorize(): Promise<Record<string, string>>;
  /** The namespace of the current context, or of the pod. */
  namespace: string;
};

const POD_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Bound tokens live an hour or less, and the kubelet replaces the file early: reading it this often is enough. */
const TOKEN_MAX_AGE_MS = 10_000;

export function bearerFromFile(file: string, now: () => number = Date.now): ClusterConfig['authorize'] {
  let token = '';
  let readAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (now() - readAt > TOKEN_MAX_AGE_MS) {
      token = (await readFile(file, 'utf8')).trim();
      readAt = now();
    }
    return { authorization: `Bearer ${token}` };
  };
}

/** The configuration of a pod: host and port from the environment, CA and token from the mounted files. */
export async function inClusterConfig(host: string, port: string): Promise<ClusterConfig> {
  const read = (name: string) => readFile(`${POD_DIRECTORY}/${name}`, 'utf8');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: { ca: await read('ca.crt') },
    authorize: bearerFromFile(`${POD_DIRECTORY}/token`),
    namespace: (await read('namespace').catch(() => 'default')).trim(),
  };
}

/**
 * From a kubeconfig file, through client-node, which knows every way to sign in (client certificates, exec
 * plugins, OIDC). It is loaded on demand: it costs 80 MB, which a pod does not need.
 */
export async function kubeconfigFile(file: string, contextName?: string): Promise<ClusterConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(file);
  if (contextName !== undefined) config.setCurrentContext(contextName);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`kubeconfig ${file}: current context names no cluster`);

  type Options = NonNullable<Parameters<typeof config.applyToHTTPSOptions>[0]>;
  const options: Options & { servername?: string } = {};
  await config.applyToHTTPSOptions(options);

  // client-node does not know `tokenFile`, which every rotated token in a kubeconfig needs.
  const userName = config.getCurrentUser()?.name;
  const raw: { users?: { name: string; user?: { tokenFile?: string } }[] } = parse(
    await readFile(file, 'utf8'),
  );
  const tokenFile = raw.users?.find((user) => user.name === userName)?.user?.tokenFile;
  const authorize =
    tokenFile === undefined
      ? async () => {
          const fresh: Options = {};
          await config.applyToHTTPSOptions(fresh);
          return authorization(fresh);
        }
      : bearerFromFile(resolve(dirname(file), tokenFile));

  const pem = (value: unknown) => (value === undefined ? undefined : (value as string | Buffer));
  const [ca, cert, key] = [pem(options.ca), pem(options.cert), pem(options.key)];
  return {
    server: cluster.server.replace(/\/$/, ''),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(options.servername === undefined ? {} : { servername: options.servername }),
      ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
    },
    authorize,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
  };
}

function authorization(options: {
  headers?: unknown;
  auth?: string | null | undefined;
}): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries((options.headers ?? {}) as Record<string, unknown>)) {
    headers[name.toLowerCase()] = String(value);
  }
  if (typeof options.auth === 'string') {
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  return headers;
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
