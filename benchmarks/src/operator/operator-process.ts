import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../errors.ts';
import { endOf, startServer } from '../harness/programs.ts';
import { parsePrometheus, type Sample, sum } from '../harness/prometheus.ts';
import { waitUntil } from '../harness/wait.ts';
import type { Environment } from './environment.ts';
import { CONNECTOR_NAME, GRANTEE, type Tenant, VAULT_NAME } from './resources.ts';

/** What the operator has done since it was started. */
export type Counters = {
  /** Requests of the API server, watches' openings included; those for the Lease left out. */
  reads: number;
  /** Without those of the Lease, which a leader renews whatever else it does, and of Events. */
  writes: number;
  events: number;
  reconciles: number;
  /** Reconciles that failed and were tried again. */
  failures: number;
  waiting: number;
  active: number;
  kmsCalls: number;
  heapMiB: number;
};

export type OperatorProcess = {
  pid: number;
  /** @throws BenchError `invalid`: it has ended, with the end of its log */
  assertRunning(): void;
  counters(): Promise<Counters>;
  /** In its caches, by the page for diagnosis. */
  cachedObjects(): Promise<number>;
  /** `verb resource` to how often, for reports. */
  requests(): Promise<Map<string, number>>;
  /** Since the start, milliseconds. */
  syncedAfterMs: number;
  /** SIGTERM. Answers how long it took, milliseconds. */
  stop(): Promise<number>;
};

/**
 * As the root package.json and the Dockerfile have them. V8 lets a heap grow to several times what is in use, which on a
 * large machine is most of the memory of an operator; held to 10 % more it takes hardly more time.
 */
export const OPERATOR_FLAGS: readonly string[] = ['--max-semi-space-size=4', '--heap-growing-percent=10'];

/**
 * As there too. glibc gives the threads of V8 arenas of their own and keeps what has been freed in them, and after the
 * first large block that is freed it puts others of that size on the heap, full of holes: 8 to 15 MiB.
 */
export const OPERATOR_ALLOCATOR: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** The operator as `npm run operator` starts it: the same module, settings by environment, a real SIGTERM. */
export async function startOperator(
  environment: Environment,
  options: {
    env: Record<string, string>;
    leaseNamespace: string;
    /** Every tenant that there may be: whose names are resolved, and who may have a grant. */
    tenants: readonly Tenant[];
    resyncSeconds: number;
    kmsQuotaPercent: number;
    kubeApiQps: number;
    nodeFlags: readonly string[];
    signal: AbortSignal;
  },
): Promise<OperatorProcess> {
  const { supervisor, kubeconfig, kms, logDirectory } = environment;
  const files = writeFiles(environment, options.tenants);
  const preload = new URL(import.meta.resolve('@cofferdam/devcluster/preload'));
  // From its directory: the compile cache knows a module by its URL, and one that no other run has costs 14 MB.
  preload.search = new URLSearchParams({ hosts: relative(environment.directory, files.hosts) }).toString();
  const startedAt = performance.now();
  const { child, up, logFile } = await startServer(supervisor, {
    name: 'operator',
    logDirectory,
    cwd: environment.directory,
    args: [
      ...OPERATOR_FLAGS,
      // For what --cpu-prof and the like write: our directory, not the one that is removed.
      `--diagnostic-dir=${process.cwd()}`,
      ...options.nodeFlags,
      '--import',
      preload.href,
      fileURLToPath(import.meta.resolve('@cofferdam/operator/main')),
    ],
    env: {
      ...options.env,
      ...kms.credentials,
      ...OPERATOR_ALLOCATOR,
      // With it Node.js need not load what strips the types: 20 MB, from the second start on.
      NODE_COMPILE_CACHE: fileURLToPath(new URL('../../../node_modules/.cache/node', import.meta.url)),
      KUBECONFIG: kubeconfig,
      LEASE_NAMESPACE: options.leaseNamespace,
      HOST: '127.0.0.1',
      PORT: '0',
      CERTIFICATE_PORT: '0',
      KMS_QUOTA_PERCENT: String(options.kmsQuotaPercent),
      KUBE_API_QPS: String(options.kubeApiQps),
      // Of the played /statusz.
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      STATUSZ_TOKEN_FILE: files.token,
      GRANTEES_FILE: files.grantees,
      RESYNC_SECONDS: String(options.resyncSeconds),
    },
    isUp: ({ msg, port }) => (msg === 'started' && typeof port === 'number' ? port : undefined),
  });
  const samples = async (): Promise<Sample[]> => {
    const response = await fetch(`http://127.0.0.1:${up}/metrics`, { signal: AbortSignal.timeout(60_000) });
    return parsePrometheus(await response.text());
  };
  function assertRunning(): void {
    const { exitCode, signalCode } = child.process;
    if (exitCode === null && signalCode === null) return;
    throw new BenchError('invalid', `the operator has ended:\n${endOf(logFile)}`);
  }
  await waitUntil(
    async () => {
      assertRunning();
      const { status } = await fetch(`http://127.0.0.1:${up}/readyz`);
      return status === 200 ? true : undefined;
    },
    {
      signal: options.signal,
      timeoutMs: 300_000,
      everyMs: 50,
      onTimeout: () => `the operator did not sync within 5 min:\n${endOf(logFile)}`,
    },
  );
  return {
    pid: child.pid,
    syncedAfterMs: performance.now() - startedAt,
    assertRunning,
    async counters() {
      assertRunning();
      return countersOf(
        await samples(),
        [...kms.calls.values()].reduce((total, n) => total + n, 0),
      );
    },
    async cachedObjects() {
      const response = await fetch(`http://127.0.0.1:${up}/debug/caches`);
      const caches = (await response.json()) as { objects: number }[];
      return caches.reduce((total, { objects }) => total + objects, 0);
    },
    async requests() {
      const counts = new Map<string, number>();
      for (const { name, labels, value } of await samples()) {
        if (name !== 'rest_client_requests_total') continue;
        const key = `${labels['verb']} ${labels['resource']}`;
        counts.set(key, (counts.get(key) ?? 0) + value);
      }
      return counts;
    },
    async stop() {
      const begun = performance.now();
      const { code, signal } = await child.stop({ signal: 'SIGTERM', graceMs: 30_000 });
      if (code === 0) return performance.now() - begun;
      throw new BenchError(
        'invalid',
        `the operator ended with ${signal ?? `status ${code}`} after SIGTERM:\n${endOf(logFile)}`,
      );
    },
  };
}

const READS = new Set(['get', 'list', 'watch']);
const NOT_COUNTED = new Set(['leases', 'events']);

function countersOf(samples: readonly Sample[], kmsCalls: number): Counters {
  const requests = (holds: (labels: Record<string, string>) => boolean) =>
    sum(samples, 'rest_client_requests_total', holds);
  const counted = ({ resource = '' }: Record<string, string>) => !NOT_COUNTED.has(resource);
  return {
    reads: requests((labels) => counted(labels) && READS.has(labels['verb'] ?? '')),
    writes: requests((labels) => counted(labels) && !READS.has(labels['verb'] ?? '')),
    events: requests(({ resource }) => resource === 'events'),
    reconciles: sum(samples, 'controller_runtime_reconcile_total'),
    failures: sum(samples, 'controller_runtime_reconcile_errors_total'),
    waiting: sum(samples, 'workqueue_depth'),
    active: sum(samples, 'controller_runtime_active_workers'),
    kmsCalls,
    heapMiB: sum(samples, 'nodejs_heap_size_used_bytes') / 2 ** 20,
  };
}

function writeFiles(environment: Environment, tenants: readonly Tenant[]) {
  const { directory, statuszAddress } = environment;
  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const services = [`${VAULT_NAME}-vault`, `${VAULT_NAME}-router`, `${CONNECTOR_NAME}-connector`];
  const hosts = tenants.flatMap(({ namespace }) =>
    services.map((service) => [`${service}.${namespace}`, [statuszAddress]] as const),
  );
  const grantees = tenants.map(({ namespace }) => [namespace, [GRANTEE]] as const);
  return {
    hosts: file('hosts.json', JSON.stringify(Object.fromEntries(hosts))),
    grantees: file('grantees.json', JSON.stringify(Object.fromEntries(grantees))),
    token: file('token', 'not-looked-at\n'),
  };
}
