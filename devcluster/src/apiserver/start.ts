import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { builtinSchema } from '../apimachinery/builtin-schema.ts';
import { createAuthority } from '../certificates/authority.ts';
import { Authorizer } from './auth/authorizer.ts';
import { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import { type StaticToken, staticUser } from './auth/tokens.ts';
import { MASTERS, type User } from './auth/user.ts';
import { createSystemNamespaces } from './bootstrap/namespaces.ts';
import { createDefaultRoles } from './bootstrap/roles.ts';
import type { ServerContext } from './context.ts';
import { Faults } from './faults/faults.ts';
import { listener } from './http/listener.ts';
import { rulesFor } from './kinds/index.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { OpenApi } from './openapi/documents.ts';
import { builtinResources } from './resources/builtin.ts';
import { DefinitionController } from './resources/definitions.ts';
import { Registry } from './resources/registry.ts';
import { ServiceAddresses } from './service-addresses.ts';
import { Store } from './storage/store.ts';

export interface ApiServerOptions {
  /** Where the kubeconfig, the CA certificate and the keys are written. Objects live in memory only. */
  stateDirectory: string;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /** Default: a random one. */
  adminToken?: string;
  /** Further users, without rights unless RBAC grants them some. */
  tokens?: StaticToken[];
  /** What kubelets want to see before they hand out logs. Default: nothing is shown to them. */
  kubeletToken?: string;
  /** Changes kept for watches and old lists. Default 20,000. */
  historyLimit?: number;
  /** Where cluster IPs come from. Default 127.64.0.0/16. */
  serviceClusterIpRange?: string;
  /** Forgets all changes up to then every so often, as etcd's compaction does. Default: only the history limit does. */
  compactionIntervalMs?: number;
  /** Issuer of service account tokens. Default: https://kubernetes.default.svc.cluster.local */
  issuer?: string;
  /** Told of errors that are the server's own fault. Default: written to stderr. */
  onInternalError?: (error: unknown, call: string) => void;
}

export interface RunningApiServer {
  url: string;
  caPem: string;
  adminToken: string;
  /** Path of the kubeconfig. */
  kubeconfig: string;
  /** Connections that are open now, idle ones too. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

const NAMES = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** The service account of a token that is meant for this server. */
function accountOf(context: ServerContext, token: string): User | undefined {
  const { tokens } = context;
  const result = tokens.verify(token, [tokens.issuer], context.now().getTime());
  return typeof result === 'string' ? undefined : result.user;
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => done());
  });
  return (server.address() as AddressInfo).port;
}

/** What is older than the interval is forgotten: clients have that long to go on. */
function compactEvery(store: Store, intervalMs: number | undefined): NodeJS.Timeout | undefined {
  if (intervalMs === undefined) return undefined;
  let last = store.revision;
  const timer = setInterval(() => {
    store.compact(last);
    last = store.revision;
  }, intervalMs);
  return timer.unref();
}

/** Starts an in-memory Kubernetes API server with a certificate authority of its own. */
export async function startApiServer(options: ApiServerOptions): Promise<RunningApiServer> {
  const host = options.host ?? '127.0.0.1';
  const adminToken = options.adminToken ?? randomBytes(24).toString('base64url');
  const tokens: StaticToken[] = [
    { token: adminToken, username: 'kubernetes-admin', groups: [MASTERS] },
    ...(options.tokens ?? []),
  ];
  const store = new Store({ historyLimit: options.historyLimit ?? 20_000 });
  const registry = new Registry(builtinResources(builtinSchema, rulesFor));
  const context: ServerContext = {
    store,
    registry,
    openApi: new OpenApi(registry),
    faults: new Faults(),
    authorizer: new Authorizer(store),
    tokens: new ServiceAccountTokens(store, options.issuer ?? DEFAULT_ISSUER),
    serviceAddresses: new ServiceAddresses(store, options.serviceClusterIpRange ?? '127.64.0.0/16'),
    kubeletToken: options.kubeletToken,
    now: () => new Date(),
  };
  new DefinitionController(context).start();
  createSystemNamespaces(context);
  createDefaultRoles(context);
  // Nobody can have seen what was before the start.
  store.compact();

  // An authority of its own for every start.
  const authority = await createAuthority('cofferdam-devcluster-ca');
  const certificate = await authority.issue({ subject: 'kube-apiserver', names: NAMES, addresses: [host] });
  const server = createServer(
    { key: certificate.keyPem, cert: certificate.certificatePem, keepAlive: true },
    listener({
      context,
      authenticators: [(token) => staticUser(tokens, token), (token) => accountOf(context, token)],
      onInternalError: options.onInternalError ?? ((error, call) => console.error(call, error)),
    }),
  );
  server.requestTimeout = 0;
  server.keepAliveTimeout = 75_000;
  const compaction = compactEvery(store, options.compactionIntervalMs);
  const port = await listen(server, options.port ?? 0, host);
  const url = `https://${host}:${port}`;
  const kubeconfig = join(options.stateDirectory, 'kubeconfig');
  await mkdir(options.stateDirectory, { recursive: true });
  await writeFile(join(options.stateDirectory, 'ca.crt'), certificate.caPem);
  await writeFile(kubeconfig, kubeconfigText(url, certificate.caPem, adminToken), { mode: 0o600 });
  return {
    url,
    caPem: certificate.caPem,
    adminToken,
    kubeconfig,
    connections: () =>
      new Promise((done, fail) => {
        server.getConnections((error, count) => (error ? fail(error) : done(count)));
      }),
    close: async () => {
      clearInterval(compaction);
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
