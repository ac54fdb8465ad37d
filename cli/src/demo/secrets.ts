import { createAuthority, type RunningCluster } from '@cofferdam/devcluster';
import type { KubeClient } from '@cofferdam/operator/engine';
import { applyConfigMap, applySecret } from './apply.ts';

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
  await createSimulatorCertificate(client, namespace);
}

const SIMULATOR = 'psp-simulator';

/** As a real PSP has one of a public authority: the simulator's own, and for connectors who vouches for it. */
async function createSimulatorCertificate(client: KubeClient, namespace: string): Promise<void> {
  const authority = await createAuthority('cofferdam-demo-psp-simulator');
  const host = `${SIMULATOR}.${SIMULATOR}.svc`;
  const { certificatePem, keyPem } = await authority.issue({
    subject: host,
    names: [host, `${host}.cluster.local`],
  });
  await applySecret(
    client,
    { namespace: SIMULATOR, name: `${SIMULATOR}-tls` },
    { 'tls.crt': certificatePem, 'tls.key': keyPem },
  );
  await applyConfigMap(client, { namespace, name: `${SIMULATOR}-ca` }, { 'ca.crt': authority.caPem });
}
