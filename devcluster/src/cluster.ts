import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, createTransport, type KubeClient, kubeconfigFile } from '@cofferdam/operator/engine';
import type { Principal } from './addons/index.ts';
import { ClusterError } from './errors.ts';
import { type ImageTable, repositoryImages } from './kubelet/images.ts';
import { createSupervisor, killSurvivors } from './process/index.ts';
import { ADDON_NAMESPACE, publishAddons } from './supervisor/addon-services.ts';
import {
  type AddonContext,
  type KafkaAddon,
  KMS_PORT,
  type KmsAddon,
  POSTGRES_PORT,
  type PostgresAddon,
  raiseKafka,
  raiseKms,
  raisePostgres,
} from './supervisor/addons.ts';
import { hostEnvironment } from './supervisor/config.ts';
import {
  type ControlPlane,
  type ControlPlaneLauncher,
  startInMemoryControlPlane,
} from './supervisor/control-plane.ts';
import { acquireLock } from './supervisor/lock.ts';
import { claimNetwork } from './supervisor/network.ts';
import { superviseNode } from './supervisor/node-process.ts';
import type { ClusterProgress, Report } from './supervisor/progress.ts';
import { makeRunDirectory } from './supervisor/run-directory.ts';
import { type Undo, undoAll } from './supervisor/undo.ts';

export type ClusterOptions = {
  /** `.cofferdam`: kubeconfig, endpoints, logs, and the state of a run, which the next start wipes. */
  stateDirectory: string;
  /** Compiled code and Kafka's jars, which clusters may share and no start wipes. Default: `cache` in the state. */
  cacheDirectory?: string;
  /** `auto`: where Java and Maven are. Default auto. */
  kafka?: 'auto' | 'off';
  /** PostgreSQL and KMS. Default true; a test of the cluster itself does without. */
  addons?: boolean;
  onProgress?: (progress: ClusterProgress) => void;
  /** Told when a part that cannot be started again ends by itself; the cluster is of no use then, but not stopped. */
  onFailure?: (error: ClusterError) => void;
  /** Default: this repository's own images, run from source. */
  images?: ImageTable;
  /** Roles that pods may assume and KMS knows, all of one account. Default: those of environments/dev. */
  awsRoles?: readonly Principal[];
  /** First wait of CrashLoopBackOff. Default 1000, where Kubernetes has 10000: somebody is watching. */
  restartBackoffMs?: number;
  /** Default: the in-memory API server. */
  controlPlane?: ControlPlaneLauncher;
  /** Ends a start that is under way: `startCluster` then rejects, with nothing left running. */
  signal?: AbortSignal;
};

export type RunningCluster = {
  /** Of the API server. */
  url: string;
  caPem: string;
  adminToken: string;
  kubeconfigPath: string;
  /** Also in `endpoints.json`. */
  endpoints: Record<string, string>;
  addons: { postgres: PostgresAddon; kms: KmsAddon; kafka?: KafkaAddon };
  /** Ends everything, within about fifteen seconds; may be called again. */
  stop(): Promise<void>;
};

const NO_CREDENTIALS = { host: '', port: '', dbname: '', username: '', password: '' };
const NO_DATABASE = { owner: NO_CREDENTIALS, app: NO_CREDENTIALS };
/** Without addons, which only a test of the cluster itself does. */
const NO_POSTGRES: PostgresAddon = { adminUrl: '', databases: { vault: NO_DATABASE, router: NO_DATABASE } };

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/**
 * Raises the embedded cluster: an API server, the controllers and the kubelet, PostgreSQL, KMS and, where it can be,
 * Kafka. All of it ends with this process, in whatever way that ends.
 *
 * @throws ClusterError `cluster_running` while another process runs one with the same state, `state_unusable` when
 * the state directory cannot be written, `stopped` when `signal` ended the start
 */
export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const { signal } = options;
  const directory = resolve(options.stateDirectory);
  const kubeconfigPath = join(directory, 'kubeconfig');
  const unlock = usable(directory, () => acquireLock(join(directory, 'cluster.lock'), kubeconfigPath));
  const steps: Undo[] = [];
  const stopped = Promise.withResolvers<never>();
  const onAbort = (): void => stopped.reject(startStopped());
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted === true) onAbort();
  const raised = raise(options, { directory, kubeconfigPath, steps, unlock });
  try {
    return await Promise.race([stopped.promise, raised]);
  } catch (error) {
    // The first time this ends what a start that goes on stands on, the second time what it made before it failed.
    await undoAll(steps).catch(() => {});
    await raised.catch(() => {});
    await undoAll(steps).catch(() => {});
    unlock();
    if (error instanceof ClusterError) throw error;
    throw new ClusterError('start_failed', `the cluster did not start: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

const startStopped = () => new ClusterError('stopped', 'the start was ended');

/** @throws ClusterError `state_unusable`: what the file system says, and what to do */
function usable<T>(directory: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    const said = `the state directory ${directory} cannot be used: ${(error as Error).message}`;
    throw new ClusterError('state_unusable', `${said}; mend that, or name another one`, { cause: error });
  }
}

type Frame = {
  directory: string;
  kubeconfigPath: string;
  /** What undoes each step, in the order of the steps. */
  steps: Undo[];
  unlock: () => void;
};

async function raise(options: ClusterOptions, frame: Frame): Promise<RunningCluster> {
  const { directory, kubeconfigPath, steps, unlock } = frame;
  const { onProgress, onFailure, kafka = 'auto', addons = true } = options;
  const report: Report = (part, state, detail = '') => onProgress?.({ part, state, detail });
  let stopping: Promise<void> | undefined;
  const failed = (error: ClusterError): void => {
    if (stopping === undefined) onFailure?.(error);
  };
  const starting: Promise<unknown>[] = [];
  const cacheDirectory = resolve(options.cacheDirectory ?? join(directory, 'cache'));
  const context = await prepare(frame, { addons, cacheDirectory, report }, starting);
  // From here on there is a supervisor to be closed, after which nothing more can be raised.
  if (options.signal?.aborted === true) throw startStopped();
  const database = addons ? raisePostgres(context) : undefined;
  const broker = addons && kafka === 'auto' ? raiseKafka(context) : undefined;
  // Waited for below; a failure before that must not be an unhandled one.
  for (const each of [database, broker]) starting.push(Promise.allSettled([each]));

  report('API server', 'working');
  const controlPlane = await (options.controlPlane ?? startInMemoryControlPlane)({
    ...context,
    stateDirectory: directory,
    logFile: join(context.logDirectory, 'apiserver.log'),
    serviceNetwork: context.network.serviceNetwork,
  });
  report('API server', 'ready', controlPlane.url);
  steps.push(
    () => rmSync(kubeconfigPath, { force: true }),
    () => void controlPlane.child.stop(),
  );
  void controlPlane.child.exited.then(() =>
    failed(new ClusterError('part_ended', 'the API server has ended')),
  );

  const transport = createTransport(await kubeconfigFile(controlPlane.kubeconfig));
  steps.push(() => transport.close());
  const client = createClient({ transport, fieldManager: 'cofferdam-devcluster' });
  const node = await startNode(options, context, controlPlane, failed);
  steps.push(() => node.stop());

  const kms = addons ? await raiseKmsFor(options, context, client) : undefined;
  void kms?.child.exited.then(() => failed(new ClusterError('part_ended', 'the KMS endpoint has ended')));
  const postgres = await database;
  void postgres?.exited.then(() => failed(new ClusterError('part_ended', 'PostgreSQL has ended')));
  const kafkaAddon = await broker;
  const services = [postgres, kms, kafkaAddon].flatMap((addon) => addon?.service ?? []);
  await publishAddons(client, services);

  const endpoints: Record<string, string> = {
    kubernetes: controlPlane.url,
    ...Object.fromEntries(services.map(({ name, address, port }) => [name, `${address}:${port}`])),
  };
  const endpointsFile = join(directory, 'endpoints.json');
  writeFileSync(endpointsFile, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  steps.push(() => rmSync(endpointsFile, { force: true }));
  return {
    url: controlPlane.url,
    caPem: controlPlane.caPem,
    adminToken: controlPlane.adminToken,
    kubeconfigPath: controlPlane.kubeconfig,
    endpoints,
    addons: {
      postgres: postgres?.addon ?? NO_POSTGRES,
      kms: kms?.addon ?? { url: '', region: '' },
      ...(kafkaAddon === undefined ? {} : { kafka: kafkaAddon.addon }),
    },
    stop() {
      stopping ??= undoAll(steps).finally(unlock);
      return stopping;
    },
  };
}

async function raiseKmsFor({ awsRoles: roles }: ClusterOptions, context: AddonContext, client: KubeClient) {
  const jwks = await client.raw('/openid/v1/jwks');
  return raiseKms(context, { issuer: ISSUER, jwks, ...(roles === undefined ? {} : { roles }) });
}

/** Cleans up after a start that was killed, and makes the place for this one. */
async function prepare(
  { directory, steps }: Frame,
  { addons, cacheDirectory, report }: { addons: boolean; cacheDirectory: string; report: Report },
  starting: Promise<unknown>[],
): Promise<AddonContext> {
  const runDirectory = join(directory, 'run');
  const journal = join(directory, 'processes.jsonl');
  await killSurvivors(journal);
  await killSurvivors(join(runDirectory, 'pod-processes.jsonl'));
  usable(directory, () => {
    makeRunDirectory(runDirectory);
    mkdirSync(cacheDirectory, { recursive: true, mode: 0o700 });
  });
  const network = await claimNetwork(addons ? [POSTGRES_PORT, KMS_PORT] : []);
  steps.push(() => network.release());
  const supervisor = await createSupervisor({ journal });
  steps.push(async () => {
    await supervisor.close();
    // What was still coming up has lost its process by now, or has just made one that the journal names.
    await Promise.all(starting);
    await killSurvivors(journal);
  });
  const logDirectory = join(runDirectory, 'logs');
  return {
    supervisor,
    network,
    runDirectory,
    cacheDirectory,
    logDirectory,
    env: partEnvironment(cacheDirectory),
    report,
  };
}

/** What our own processes get of the environment: none of the user's settings change how a cluster behaves. */
function partEnvironment(cacheDirectory: string): Record<string, string> {
  return { ...hostEnvironment(), NODE_COMPILE_CACHE: join(cacheDirectory, 'compiled') };
}

function startNode(
  options: ClusterOptions,
  context: AddonContext,
  { url, caPem, kubeconfig, kubeletToken }: ControlPlane,
  failed: (error: ClusterError) => void,
): ReturnType<typeof superviseNode> {
  const { runDirectory, cacheDirectory, network } = context;
  const { HOME: _, ...environment } = hostEnvironment();
  const region = 'eu-central-1';
  return superviseNode(context, failed, {
    kubeconfig,
    apiServer: { url, caPem },
    logToken: kubeletToken,
    stateDirectory: runDirectory,
    cacheDirectory,
    nodeAddress: network.nodeAddress,
    podNetwork: network.podNetwork,
    images: options.images ?? repositoryImages(root, process.execPath),
    environment,
    podIdentity: { region, endpoint: `http://kms.${ADDON_NAMESPACE}.svc:${KMS_PORT}` },
    restartBackoffMs: options.restartBackoffMs ?? 1_000,
    jobBackoffBaseMs: options.restartBackoffMs ?? 1_000,
  });
}
