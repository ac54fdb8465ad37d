import { createAuthority } from '@cofferdam/devcluster';
import type { DatabaseRoles } from '@cofferdam/devcluster/addons';
import type { KubeClient } from '@cofferdam/operator/engine';
import { applyConfigMap, applySecret } from '../demo/apply.ts';
import type { Manifest } from '../demo/manifests.ts';
import { connectorsIn, vaultsIn } from './rendered.ts';

/** The databases of one vault. */
export type Databases = Record<'vault' | 'router', DatabaseRoles>;

/** Accepted by the PSP simulator, and by no PSP. */
const PSP_CREDENTIALS: Record<string, Record<string, string>> = {
  stripe: { apiKey: 'sk_test_cofferdam_demo_0000000000' },
  adyen: { apiKey: 'AQE_cofferdam_demo_0000000000', merchantAccount: 'AcmeDemoECOM' },
};

/**
 * The Secrets that rendered files name and Git does not hold: in production an External Secrets store or CloudNativePG
 * makes them. Their namespaces have to be there.
 * @param databases by the namespace of the vault
 */
export async function createSecrets(
  client: KubeClient,
  manifests: readonly Manifest[],
  databases: ReadonlyMap<string, Databases>,
): Promise<void> {
  for (const { metadata, spec } of vaultsIn(manifests)) {
    const { namespace } = metadata;
    const found = databases.get(namespace);
    for (const service of ['vault', 'router'] as const) {
      const { secretRef, migrationSecretRef } = spec.database[service];
      const { app, owner } = found?.[service] ?? {};
      if (app !== undefined) await applySecret(client, { namespace, name: secretRef.name }, { ...app });
      if (owner !== undefined && migrationSecretRef !== undefined)
        await applySecret(client, { namespace, name: migrationSecretRef.name }, { ...owner });
    }
  }
  for (const { metadata, spec } of connectorsIn(manifests)) {
    const { namespace } = metadata;
    const credentials = PSP_CREDENTIALS[spec.provider];
    if (credentials === undefined) continue;
    for (const { credentialsRef } of spec.accounts)
      await applySecret(client, { namespace, name: credentialsRef.name }, credentials);
  }
}

const SIMULATOR = 'psp-simulator';

/**
 * As a real PSP has one of a public authority: the simulator's own, and for the connectors who vouches for it. Does
 * nothing where no simulator is rendered.
 * @param users manifests of every environment that calls this simulator
 */
export async function createSimulatorCertificate(
  client: KubeClient,
  manifests: readonly Manifest[],
  users: readonly Manifest[] = manifests,
): Promise<void> {
  const simulator = manifests.find(({ kind, metadata }) => kind === 'Service' && metadata.name === SIMULATOR);
  const namespace = simulator?.metadata.namespace;
  if (namespace === undefined) return;
  const authority = await createAuthority('cofferdam-demo-psp-simulator');
  const host = `${SIMULATOR}.${namespace}.svc`;
  const { certificatePem, keyPem } = await authority.issue({
    subject: host,
    names: [host, `${host}.cluster.local`],
  });
  const files = { 'tls.crt': certificatePem, 'tls.key': keyPem };
  await applySecret(client, { namespace, name: `${SIMULATOR}-tls` }, files);
  for (const { metadata, spec } of connectorsIn(users)) {
    const { endpointCaRef: ref } = spec;
    if (ref === undefined) continue;
    const apply = ref.kind === 'ConfigMap' ? applyConfigMap : applySecret;
    const place = { namespace: metadata.namespace, name: ref.name };
    await apply(client, place, { [ref.key ?? 'ca.crt']: authority.caPem });
  }
}
