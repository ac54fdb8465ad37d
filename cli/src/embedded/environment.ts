import type { RunningCluster } from '@cofferdam/devcluster';
import type { KubeClient } from '@cofferdam/operator/engine';
import { applyManifests } from '../demo/apply.ts';
import type { Manifest } from '../demo/manifests.ts';
import { vaultsIn } from './rendered.ts';
import { createSecrets, createSimulatorCertificate } from './secrets.ts';

const isNamespace = ({ kind }: Manifest) => kind === 'Namespace';

/**
 * Applies what is rendered of one environment, with the Secrets that it names.
 * @returns kinds that this cluster does not serve, and that were passed over
 * @throws CliError `manifest_invalid`
 */
export async function applyEnvironment(
  client: KubeClient,
  manifests: readonly Manifest[],
  { addons }: RunningCluster,
): Promise<{ passedOver: string[] }> {
  await applyManifests(client, manifests.filter(isNamespace));
  const [vault] = vaultsIn(manifests);
  const { databases } = addons.postgres;
  await createSecrets(client, manifests, new Map(vault && [[vault.metadata.namespace, databases]]));
  await createSimulatorCertificate(client, manifests);
  const rest = manifests.filter((manifest) => !isNamespace(manifest));
  return applyManifests(client, rest);
}
