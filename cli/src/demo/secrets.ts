import type { RunningCluster } from '@cofferdam/devcluster';
import type { KubeClient } from '@cofferdam/operator/engine';
import { applySecret } from './apply.ts';

/**
 * The Secrets that an environment needs and Git does not hold: in production an External Secrets store or
 * CloudNativePG makes them. The PSP keys are accepted by the simulator alone.
 */
export async function createSecrets(
  client: KubeClient,
  namespace: string,
  cluster: RunningCluster,
): Promise<void> {
  const psps = {
    'stripe-acme': { apiKey: 'sk_test_cofferdam_demo_0000000000' },
    'adyen-acme': { apiKey: 'AQE_cofferdam_demo_0000000000', merchantAccount: 'AcmeDemoECOM' },
  };
  for (const [name, data] of Object.entries({ ...cluster.addons.postgres.secrets, ...psps })) {
    await applySecret(client, { namespace, name }, { ...data });
  }
}
