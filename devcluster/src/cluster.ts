import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, createTransport, kubeconfigFile } from '@cofferdam/operator/engine';
import { ClusterError } from './errors.ts';
import { type ImageTable, repositoryImages } from './kubelet/images.ts';
import { createSupervisor, killSurvivors } from './process/index.ts';
import { ADDON_NAMESPACE, publishAddons } from './supervisor/addon-services.ts';
import {
  type AddonContext,
  type KafkaAddon,
  KMS_PORT,
  type KmsAddon,
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

export type ClusterOptions = {
  /** `.cofferdam`: kubeconfig, endpoints, logs, and the state of a run, which the next start wipes. */
  stateDirectory: string;
  /** `auto`: where Java and Maven are. Default auto. */
  kafka?: 'auto' | 'off';
  /** PostgreSQL and KMS. Default true; a test of the cluster itself does without. */
  addons?: boolean;
  onProgress?: (progress: ClusterProgress) => void;
  /** Told when a part that cannot be started again ends by itself; the cluster is of no use then, but not stopped. */
  onFailure?: (error: ClusterError) => void;
  /** Default: this repository's own images, run from source. */
  images?: ImageTable;
  /** First wait of CrashLoopBackOff. Default 1000, where Kubernetes has 10000: somebody is watching. */
  restartBackoffMs?: number;
  /** Default: the in-memory API server. */
  controlPlane?: ControlPlaneLauncher;
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

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/**
 * Raises the embedded cluster: an API server, the controllers and the kubelet, PostgreSQL, KMS and, where it can be,
 * Kafka. All of it ends with this process, in whatever way that ends.
 *
 * @throws ClusterError `cluster_running` while another process runs one with the same state
 */
export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const directory = resolve(options.stateDirectory);
  const kubeconfigPath = join(directory, 'kubeconfig');
  const unlock = acquireLock(join(directory, 'cluster.lock'), kubeconfigPath);
  const ends: (() => Promise<void> | void)[] = [unlock];
  const unwind = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    return await raise(options, { directory, kubeconfigPath, ends, unwind });
  } catch (error) {
    await unwind();
    if (error instanceof ClusterError) throw error;
    throw new ClusterError('start_failed', `the cluster did not start: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

type Frame = {
  directory: string;
  kubeconfigPath: string;
  /** What undoes each step, in the order of the steps. */
  ends: (() => Promise<void> | void)[];
  unwind: () => Promise<void>;
};

async function raise(options: ClusterOptions, frame: Frame): Promise<RunningCluster> {
  const { directory, kubeconfigPath, ends, unwind } = frame;
  const { onProgress, onFailure, kafka = 'auto', addons = true } = options;
  const report: Report = (part, state, detail = '') => onProgress?.({ part, state, detail });
  let stopping = false;
  const failed = (error: ClusterError): void => {
    if (!stopping) onFailure?.(error);
  };
  const starting: Promise<unknown>[] = [];
  const context = await prepare(directory, ends, report, starting);
  const brought = addons ? { postgres: raisePostgres(context) } : undefined;
  const broker = addons && kafka === 'auto' ? raiseKafka(context) : undefined;
  // Waited for below; a failure before that must not be an unhandled one.
  for (const each of [brought?.postgres, broker]) starting.push(Promise.allSettled([each]));

  report('API server', 'working');
  const controlPlane = await (options.controlPlane ?? startInMemoryControlPlane)({
    ...context,
    stateDirectory: directory,
    logFile: join(context.logDirectory, 'apiserver.log'),
    serviceNetwork: context.network.serviceNetwork,
  });
  report('API server', 'ready', controlPlane.url);
  ends.push(
    () => rmSync(kubeconfigPath, { force: true }),
    () => void controlPlane.child.stop(),
  );
  void controlPlane.child.exited.then(() =>
    failed(new ClusterError('part_ended', 'the API server has ended')),
  );

  const transport = createTransport(await kubeconfigFile(controlPlane.kubeconfig));
  ends.push(() => transport.close());
  const client = createClient({ transport, fieldManager: 'cofferdam-devcluster' });
  const node = await startNode(options, context, controlPlane, failed);
  ends.push(() => node.stop());

  const kms = addons ? await raiseKms(context, ISSUER, await client.raw('/openid/v1/jwks')) : undefined;
  void kms?.child.exited.then(() => failed(new ClusterError('part_ended', 'the KMS endpoint has ended')));
  const postgres = await brought?.postgres;
  const kafkaAddon = await broker;
  const services = [postgres, kms, kafkaAddon].flatMap((addon) => addon?.service ?? []);
  await publishAddons(client, services);

  const endpoints: Record<string, string> = {
    kubernetes: controlPlane.url,
    ...Object.fromEntries(services.map(({ name, address, port }) => [name, `${address}:${port}`])),
  };
  const endpointsFile = join(directory, 'endpoints.json');
  writeFileSync(endpointsFile, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  ends.push(() => rmSync(endpointsFile, { force: true }));
  return {
    url: controlPlane.url,
    caPem: controlPlane.caPem,
    adminToken: controlPlane.adminToken,
    kubeconfigPath: controlPlane.kubeconfig,
    endpoints,
    addons: {
      postgres: postgres?.addon ?? { adminUrl: '', secrets: {} },
      kms: kms?.addon ?? { url: '', region: '' },
      ...(kafkaAddon === undefined ? {} : { kafka: kafkaAddon.addon }),
    },
    async stop() {
      stopping = true;
      await unwind();
    },
  };
}

/** Cleans up after a start that was killed, and makes the place for this one. */
async function prepare(
  directory: string,
  ends: Frame['ends'],
  report: Report,
  starting: Promise<unknown>[],
): Promise<AddonContext> {
  const runDirectory = join(directory, 'run');
  const cacheDirectory = join(directory, 'cache');
  const journal = join(directory, 'processes.jsonl');
  await killSurvivors(journal);
  await killSurvivors(join(runDirectory, 'pod-processes.jsonl'));
  rmSync(runDirectory, { recursive: true, force: true, maxRetries: 5 });
  for (const path of [runDirectory, cacheDirectory]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const network = await claimNetwork();
  ends.push(() => network.release());
  const supervisor = await createSupervisor({ journal });
  ends.push(async () => {
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
  { url, caPem, kubeconfig }: ControlPlane,
  failed: (error: ClusterError) => void,
): ReturnType<typeof superviseNode> {
  const { runDirectory, cacheDirectory, network } = context;
  const { HOME: _, ...environment } = hostEnvironment();
  const region = 'eu-central-1';
  return superviseNode(context, failed, {
    kubeconfig,
    apiServer: { url, caPem },
    stateDirectory: runDirectory,
    cacheDirectory,
    nodeAddress: network.nodeAddress,
    podNetwork: network.podNetwork,
    images: options.images ?? repositoryImages(root, process.execPath),
    environment,
    podIdentity: { region, stsEndpoint: `http://kms.${ADDON_NAMESPACE}.svc:${KMS_PORT}` },
    restartBackoffMs: options.restartBackoffMs ?? 1_000,
    jobBackoffBaseMs: options.restartBackoffMs ?? 1_000,
  });
}
