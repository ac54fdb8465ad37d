/**
 * The process that runs the controllers and the kubelet. It is one of its own, so that nothing that the supervisor does
 * for a person (a progress display, a demo) delays a probe, and so that both end together.
 */
import { readFileSync } from 'node:fs';
import { createClient, createTransport, kubeconfigFile } from '@cofferdam/operator/engine';
import { startControllers } from '../controllers/start.ts';
import { createWatches } from '../controllers/watches.ts';
import { startKubelet } from '../kubelet/start.ts';
import type { NodeSettings } from './node-settings.ts';

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as NodeSettings;
const log = (message: string): void => console.error(`${new Date().toISOString()} ${message}`);

const config = await kubeconfigFile(settings.kubeconfig);
const transport = createTransport(config, { connections: 256, userAgent: 'cofferdam-node' });
const client = createClient({ transport, fieldManager: 'kube-controller-manager' });
const kubeletClient = createClient({ transport, fieldManager: 'kubelet' });
const watches = createWatches(client, (what, error) => log(`watch ${what}: ${error.message}`));
const { apiServer } = settings;

const controllers = startControllers({
  client,
  watches,
  caPem: apiServer.caPem,
  jobBackoffBaseMs: settings.jobBackoffBaseMs,
  log,
});
const kubelet = await startKubelet({
  client: kubeletClient,
  watches,
  log,
  apiServer,
  logToken: settings.logToken,
  images: settings.images,
  stateDirectory: settings.stateDirectory,
  cacheDirectory: settings.cacheDirectory,
  nodeAddress: settings.nodeAddress,
  podNetwork: settings.podNetwork,
  restartBackoffMs: settings.restartBackoffMs,
  environment: settings.environment,
  ...(settings.podIdentity === undefined ? {} : { podIdentity: settings.podIdentity }),
});
// One line that the parent reads; everything else goes to stderr.
console.log(JSON.stringify({ ready: true }));

async function stop(): Promise<void> {
  await Promise.all([controllers.stop(), kubelet.stop()]);
  await watches.stop();
  await transport.close();
  process.exit(0);
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
