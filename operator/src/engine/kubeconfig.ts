import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { ClusterConfig } from './cluster-config.ts';
import { bearerFromFile } from './token-file.ts';

type Named<K extends string, T> = { name: string } & { [key in K]?: T };
type Cluster = {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
};
type User = {
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  exec?: unknown;
  'auth-provider'?: unknown;
};
type Kubeconfig = {
  'current-context'?: string;
  clusters?: Named<'cluster', Cluster>[];
  contexts?: Named<'context', { cluster?: string; user?: string; namespace?: string }>[];
  users?: Named<'user', User>[];
};

/**
 * Reads a kubeconfig. Tokens, token files, passwords and client certificates are read here; plugins are left to
 * client-node, which knows them all, does not know `tokenFile`, and costs 80 MB that a pod does not need.
 *
 * @throws when the file or its current context is not as it should be
 */
export async function kubeconfigFile(file: string, contextName?: string): Promise<ClusterConfig> {
  const config = await read(file);
  const wanted = contextName ?? config['current-context'];
  const context = config.contexts?.find(({ name }) => name === wanted)?.context;
  const cluster = config.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  if (cluster?.server === undefined) {
    throw new Error(`kubeconfig ${file}: context ${wanted ?? '(none)'} names no cluster with a server`);
  }
  const user = config.users?.find(({ name }) => name === context?.user)?.user ?? {};
  const here = dirname(file);
  const pem = async (data: string | undefined, path: string | undefined) => {
    if (data !== undefined) return Buffer.from(data, 'base64');
    return path === undefined ? undefined : readFile(resolve(here, path));
  };
  const servername = cluster['tls-server-name'];
  const readTls = async () => {
    const ca = await pem(cluster['certificate-authority-data'], cluster['certificate-authority']);
    const cert = await pem(user['client-certificate-data'], user['client-certificate']);
    const key = await pem(user['client-key-data'], user['client-key']);
    return {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
      ...(cluster['insecure-skip-tls-verify'] ? { rejectUnauthorized: false } : {}),
    };
  };
  const plugin = user.exec !== undefined || user['auth-provider'] !== undefined;
  const fromFiles = cluster['certificate-authority'] ?? user['client-certificate'] ?? user['client-key'];
  return {
    server: cluster.server.replace(/\/$/, ''),
    tls: await readTls(),
    ...(fromFiles === undefined ? {} : { readTls }),
    authorize: plugin ? await pluginOf(file, wanted) : authorizeAs(user, here),
    namespace: context?.namespace ?? 'default',
  };
}

async function read(file: string): Promise<Kubeconfig> {
  const text = await readFile(file, 'utf8');
  try {
    const config: unknown = parse(text);
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config;
  } catch {
    // Without the parser's words: it quotes the lines around, which may hold a token.
    throw new Error(`kubeconfig ${file} is not YAML`);
  }
  throw new Error(`kubeconfig ${file} is empty, or no kubeconfig`);
}

function authorizeAs(user: User, directory: string): ClusterConfig['authorize'] {
  if (user.tokenFile !== undefined) return bearerFromFile(resolve(directory, user.tokenFile));
  const { token, username, password } = user;
  if (token !== undefined) return async () => ({ authorization: `Bearer ${token}` });
  if (username === undefined) return async () => ({});
  const basic = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
  return async () => ({ authorization: `Basic ${basic}` });
}

/** exec plugins (cloud providers) and OIDC; asked at each request, since client-node renews what has expired. */
async function pluginOf(file: string, contextName: string | undefined): Promise<ClusterConfig['authorize']> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(file);
  if (contextName !== undefined) config.setCurrentContext(contextName);
  return async () => {
    const options: NonNullable<Parameters<typeof config.applyToHTTPSOptions>[0]> = {};
    await config.applyToHTTPSOptions(options);
    const headers = Object.entries((options.headers ?? {}) as Record<string, unknown>);
    return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), String(value)]));
  };
}
