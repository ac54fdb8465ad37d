import { fileURLToPath } from 'node:url';
import { createClient, createTransport, type KubeClient, kubeconfigFile } from '@cofferdam/operator/engine';
import { type Manifest, readManifests } from '../demo/manifests.ts';
import { type Observed, paymentVaults, pspConnectors, waitUntilReady } from '../demo/readiness.ts';
import { findVaultServices } from '../demo/services.ts';
import { awsRoles } from '../embedded/aws-roles.ts';
import { applyEnvironment } from '../embedded/environment.ts';
import { vaultsIn } from '../embedded/rendered.ts';
import { onStage, type Stage } from '../embedded/stage.ts';
import { renderedDirectory } from './environments.ts';
import { settled } from './settled.ts';

export interface UpOptions {
  /** Name of the environment. */
  env: string;
  exit: boolean;
  /** Where the cluster keeps its state. */
  stateDirectory: string;
}

const environments = fileURLToPath(new URL('../../../environments', import.meta.url));
const READY_TIMEOUT_MS = 180_000;
/** Host name of the broker that the embedded cluster may have. */
const OWN_BROKER = /(^|\.)kafka\.addons\.svc(\.|:|$)/;

/**
 * Raises one environment as it is rendered, and stays until it is told to end.
 * @throws CliError `environment_unknown`, `not_ready`, `cluster_running`, `cluster_failed`
 */
export async function runUp({ env, exit, stateDirectory }: UpOptions): Promise<void> {
  const manifests = readManifests(renderedDirectory(environments, env));
  const brokers = vaultsIn(manifests).flatMap(({ spec }) => spec.kafka?.bootstrapServers ?? []);
  const kafka = brokers.some((server) => OWN_BROKER.test(server)) ? 'auto' : 'off';
  const cluster = { stateDirectory, kafka, awsRoles: awsRoles(manifests) } as const;
  await onStage({ cluster, exit }, (stage) => raise(stage, env, manifests));
}

async function raise(stage: Stage, env: string, manifests: readonly Manifest[]): Promise<undefined> {
  const { cluster, progress, signal } = stage;
  const transport = createTransport(await kubeconfigFile(cluster.kubeconfigPath));
  try {
    const client = createClient({ transport, fieldManager: 'cofferdam-up' });
    const { passedOver } = await applyEnvironment(client, manifests, cluster);
    progress.set(`environments/${env}/rendered`, 'ready', `${manifests.length} objects`);
    const wanted = manifests.filter(({ kind }) => kind === 'PaymentVault' || kind === 'PSPConnector').length;
    await waitUntilReady({ client, progress, signal, wanted, judge: settled, timeoutMs: READY_TIMEOUT_MS });
    progress.finish();
    process.stdout.write(await report(client, stage, { env, manifests, passedOver }));
  } finally {
    await transport.close();
  }
}

interface Raised {
  env: string;
  manifests: readonly Manifest[];
  passedOver: string[];
}

async function report(client: KubeClient, { cluster }: Stage, { env, manifests, passedOver }: Raised) {
  const resources = await Promise.all(
    [paymentVaults, pspConnectors].map((resource) => client.list<Observed>(resource)),
  );
  const said = resources.flatMap(({ items }) => items.map(settled));
  const urls = await Promise.all(
    vaultsIn(manifests).map(async ({ metadata: { namespace, name } }) => {
      const { vault, router } = await findVaultServices(client, { namespace, vault: name });
      return [`  ${'vault'.padEnd(14)} ${vault}`, `  ${'router'.padEnd(14)} ${router}`];
    }),
  );
  return [
    '',
    `${env} is up, from environments/${env}/rendered as it is in Git.`,
    ...said.flatMap(({ name, detail, lacks }) =>
      lacks.length === 0 ? `  ${name}: ${detail}` : [`  ${name}:`, ...lacks.map((line) => `    ${line}`)],
    ),
    ...passedOver.map((kind) => `  ${kind}: not in this cluster, passed over`),
    '',
    ...urls.flat(),
    `  ${'kubeconfig'.padEnd(14)} ${cluster.kubeconfigPath}`,
    '',
    'Try next, in another terminal:',
    `  export KUBECONFIG=${cluster.kubeconfigPath}`,
    '  npm run cofferdam -- status -A',
    '',
  ].join('\n');
}
