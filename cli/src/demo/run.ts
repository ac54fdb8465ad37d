import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { topicName } from '@cofferdam/contracts';
import type { RunningCluster } from '@cofferdam/devcluster';
import { createClient, createTransport, type KubeClient, kubeconfigFile } from '@cofferdam/operator/engine';
import { applyEnvironment } from '../embedded/environment.ts';
import { onStage, type Stage } from '../embedded/stage.ts';
import { CliError } from '../errors.ts';
import { Shop } from './client.ts';
import { readTopics } from './events.ts';
import { readManifests } from './manifests.ts';
import { customReadiness, waitUntilReady } from './readiness.ts';
import { type DemoResult, renderResult, summarize } from './report.ts';
import { isComplete, playScenario, type ScenarioPayment } from './scenario.ts';
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

/** Raises everything, plays the scenario, shows what came of it, and stays until it is told to end. */
export function runDemo(options: DemoOptions): Promise<void> {
  const { stateDirectory, kafka, exit } = options;
  const cleanUp = () => {
    for (const file of Object.values(clientFiles(stateDirectory))) rmSync(file, { force: true });
  };
  return onStage({ cluster: { stateDirectory, kafka }, exit, cleanUp }, (stage) => show(stage, options));
}

async function show(stage: Stage, options: DemoOptions): Promise<undefined> {
  const { cluster, progress } = stage;
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
  } finally {
    await connections?.close();
    await transport.close();
  }
}

async function bringUp(client: KubeClient, { cluster, progress, signal }: Stage): Promise<Services> {
  const manifests = readManifests(environment.rendered);
  await applyEnvironment(client, manifests, cluster);
  progress.set('environments/dev/rendered', 'ready', `${manifests.length} objects applied`);
  await waitUntilReady({
    client,
    progress,
    judge: (object) => customReadiness(object, cluster.addons.kafka !== undefined),
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
