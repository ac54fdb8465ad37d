import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { topicName } from '@cofferdam/contracts';
import { type ClusterError, isClusterError, type RunningCluster, startCluster } from '@cofferdam/devcluster';
import { createClient, createTransport, type KubeClient, kubeconfigFile } from '@cofferdam/operator/engine';
import { CliError } from '../errors.ts';
import { applyManifests } from './apply.ts';
import { Shop } from './client.ts';
import { readTopics } from './events.ts';
import { readManifests } from './manifests.ts';
import { Progress } from './progress.ts';
import { waitUntilReady } from './readiness.ts';
import { type DemoResult, renderResult, summarize } from './report.ts';
import { isComplete, playScenario, type ScenarioPayment } from './scenario.ts';
import { createSecrets } from './secrets.ts';
import { clientFiles, connectTo, curlConfig, serviceConnections } from './service-connections.ts';
import { findServices, pspSwitch, type Services, shopToken } from './services.ts';

export interface DemoOptions {
  exit: boolean;
  json: boolean;
  kafka: 'auto' | 'off';
  /** Where the cluster keeps its state. */
  stateDirectory: string;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const environment = {
  rendered: join(root, 'environments/dev/rendered'),
  namespace: 'payments-dev',
  vault: 'payments',
  vaultId: 'acme-dev',
};
const READY_TIMEOUT_MS = 120_000;

/** How a shell tells that a program was interrupted. */
const INTERRUPTED = 130;

/**
 * Raises everything, plays the scenario, shows what came of it, and stays until it is told to end. Told so before
 * there is a result, the exit status is 130: nobody may take that for a demo that worked.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  // Whoever reads has gone (`| head`, a closed terminal): what we started has to be ended all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const progress = new Progress({ stream: process.stderr, now: () => performance.now() });
  const end = endSignal();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {}); // it may break before anybody waits
  const cluster = await raise(options, { progress, signal: end, onFailure: broken.reject });
  if (cluster === undefined) {
    process.exitCode = INTERRUPTED;
    return;
  }
  try {
    const shown = await Promise.race([
      show({ cluster, options, progress, signal: end }),
      broken.promise,
      aborted(end),
    ]);
    if (!shown) process.exitCode = INTERRUPTED;
    if (!shown || options.exit) return;
    process.stderr.write('Everything stays up until Ctrl-C.\n');
    await Promise.race([aborted(end), broken.promise]);
  } finally {
    progress.finish();
    for (const file of Object.values(clientFiles(options.stateDirectory))) rmSync(file, { force: true });
    await cluster.stop();
  }
}

/** @returns the cluster; undefined when the signal ended its start */
async function raise(
  { stateDirectory, kafka }: DemoOptions,
  how: { progress: Progress; signal: AbortSignal; onFailure: (error: CliError) => void },
): Promise<RunningCluster | undefined> {
  const { progress, signal, onFailure } = how;
  const toCliError = (error: ClusterError) =>
    new CliError(
      error.code === 'cluster_running' ? 'cluster_running' : 'cluster_failed',
      error.code === 'state_unusable' ? `${error.message} with --state-directory` : error.message,
      error,
    );
  signal.addEventListener('abort', () => progress.finish());
  try {
    return await startCluster({
      stateDirectory,
      kafka,
      signal,
      onProgress: ({ part, state, detail }) => progress.set(part, state, detail),
      onFailure: (error) => onFailure(toCliError(error)),
    });
  } catch (error) {
    if (isClusterError(error) && error.code === 'stopped') return undefined;
    throw isClusterError(error) ? toCliError(error) : error;
  }
}

interface Stage {
  cluster: RunningCluster;
  options: DemoOptions;
  progress: Progress;
  signal: AbortSignal;
}

/** @returns true when it was all shown */
async function show(stage: Stage): Promise<boolean> {
  const { cluster, options, progress } = stage;
  const transport = createTransport(await kubeconfigFile(cluster.kubeconfigPath));
  let connections: ReturnType<typeof serviceConnections> | undefined;
  try {
    const client = createClient({ transport, fieldManager: 'cofferdam-demo' });
    const services = await bringUp(client, stage);
    const { vault, router, simulator } = services;
    connections = serviceConnections(services);
    const readySeconds = Math.round(progress.elapsedMs / 100) / 10;
    const token = await shopToken(client, environment.namespace);
    const shop = new Shop({ vaultUrl: vault, routerUrl: router, token, connections });
    writeEndpoints(options.stateDirectory, cluster, services, token);

    progress.set('Payments', 'working', 'tokenizing and charging test cards');
    const payments = await playScenario(shop, pspSwitch(simulator));
    progress.set('Payments', 'ready', `${payments.length} made`);
    const result: DemoResult = {
      readySeconds,
      payments: payments.map(summarize),
      ...(await readEvents(cluster, shop, payments)),
      urls: { vault, router, simulator },
      curlConfig: clientFiles(options.stateDirectory).curlConfig,
      kubeconfig: cluster.kubeconfigPath,
    };
    progress.finish();
    process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : renderResult(result));
    return true;
  } finally {
    await connections?.close();
    await transport.close();
  }
}

async function bringUp(client: KubeClient, { cluster, progress, signal }: Stage): Promise<Services> {
  const manifests = readManifests(environment.rendered);
  const isNamespace = ({ kind }: { kind: string }) => kind === 'Namespace';
  await applyManifests(client, manifests.filter(isNamespace));
  await createSecrets(client, environment.namespace, cluster);
  await applyManifests(
    client,
    manifests.filter((manifest) => !isNamespace(manifest)),
  );
  progress.set('environments/dev/rendered', 'ready', `${manifests.length} objects applied`);
  await waitUntilReady({
    client,
    progress,
    broker: cluster.addons.kafka !== undefined,
    timeoutMs: READY_TIMEOUT_MS,
    signal,
    wanted: manifests.filter(({ kind }) => kind === 'PaymentVault' || kind === 'PSPConnector').length,
  });
  return findServices(client, environment);
}

async function readEvents(
  cluster: RunningCluster,
  shop: Shop,
  payments: readonly ScenarioPayment[],
): Promise<Pick<DemoResult, 'events' | 'eventsFrom'>> {
  const deadline = performance.now() + 20_000;
  const { kafka } = cluster.addons;
  if (kafka !== undefined) {
    const topics = (['tokens', 'payments'] as const).map((stream) => topicName(environment.vaultId, stream));
    return { events: await readTopics([kafka.bootstrapServers], topics, payments), eventsFrom: 'kafka' };
  }
  for (;;) {
    const events = await shop.events();
    if (isComplete(events, payments)) return { events, eventsFrom: 'http' };
    if (performance.now() > deadline)
      throw new CliError('not_ready', 'the events of the payments did not come out within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** `endpoints.json` and what it names: what a script needs to call the two APIs. */
function writeEndpoints(
  directory: string,
  cluster: RunningCluster,
  services: Services,
  clientToken: string,
): void {
  mkdirSync(directory, { recursive: true });
  const files = clientFiles(directory);
  writeFileSync(files.caFile, services.ca);
  writeFileSync(files.curlConfig, curlConfig(services, files.caFile));
  const { vault, router, simulator } = services;
  const endpoints = {
    ...cluster.endpoints,
    postgres: cluster.addons.postgres.adminUrl,
    ...{ vault, router, simulator, clientToken, ...files, connectTo: connectTo(services) },
  };
  writeFileSync(join(directory, 'endpoints.json'), `${JSON.stringify(endpoints, null, 2)}\n`, {
    mode: 0o600,
  });
}

/** One Ctrl-C comes more than once: from the terminal, and from each npm between it and us. */
const SAME_KEY_PRESS_MS = 500;

/** Aborted at the first Ctrl-C or SIGTERM; a second one ends the process at once, and its children with it. */
function endSignal(): AbortSignal {
  const controller = new AbortController();
  let first = Number.POSITIVE_INFINITY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (performance.now() - first > SAME_KEY_PRESS_MS) process.exit(INTERRUPTED);
      if (controller.signal.aborted) return;
      first = performance.now();
      process.stderr.write('Ending ...\n');
      controller.abort();
    });
  }
  return controller.signal;
}

function aborted(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener('abort', () => resolve(false), { once: true });
  });
}
