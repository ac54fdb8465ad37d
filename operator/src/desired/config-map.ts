import type { MerchantKeyStatus, PaymentVault, PSPConnector } from '@cofferdam/crds';
import { RESOURCES } from '../engine/well-known.ts';
import { accessFile, CLUSTER_JWKS_FILE } from './access-file.ts';
import type { Facts } from './facts.ts';
import { type Manifest, manifest } from './manifest.ts';
import { MERCHANT_KEYS_FILE, merchantKeysFile } from './merchant-keys.ts';
import { labels, names, type PodIdentity } from './names.ts';
import { accountsFile, routingFile } from './routing-file.ts';
import { CA_KEY } from './tls.ts';

/*
 * Services read these files again when they change. Hence no digest of them in a pod template: onboarding a
 * merchant must not roll a vault.
 */

export function accessConfigMap(
  vault: PaymentVault,
  connectors: readonly PSPConnector[],
  facts: Facts,
  merchantKeys: readonly MerchantKeyStatus[] = [],
): Manifest {
  const { name } = vault.metadata;
  return configMap(
    names.access(name),
    vault,
    { role: 'vault', instance: name, vault: name },
    {
      'access.json': pretty(accessFile(vault, connectors, facts)),
      [CLUSTER_JWKS_FILE]: facts.clusterJwks,
      [MERCHANT_KEYS_FILE]: pretty(merchantKeysFile(vault, merchantKeys)),
    },
  );
}

export function routingConfigMap(vault: PaymentVault, connectors: readonly PSPConnector[]): Manifest {
  const { name } = vault.metadata;
  return configMap(
    names.routing(name),
    vault,
    { role: 'router', instance: name, vault: name },
    {
      'routing.json': pretty(routingFile(vault, connectors)),
    },
  );
}

export function accountsConfigMap(connector: PSPConnector): Manifest {
  const { name } = connector.metadata;
  const identity: PodIdentity = { role: 'connector', instance: name, vault: connector.spec.vaultRef.name };
  return configMap(names.accounts(name), connector, identity, {
    'accounts.json': pretty(accountsFile(connector)),
  });
}

/**
 * What the pods of a vault and of its connectors verify each other by. Also where cert-manager issues: pods from before
 * spec.tls mount it for as long as no others can take their place.
 */
export function caConfigMap(vault: PaymentVault, facts: Facts): Manifest {
  const { name } = vault.metadata;
  const identity: PodIdentity = { role: 'vault', instance: name, vault: name };
  return configMap(names.ca(name), vault, identity, { [CA_KEY]: facts.caBundle });
}

function configMap(
  name: string,
  parent: PaymentVault | PSPConnector,
  identity: PodIdentity,
  data: Record<string, string>,
): Manifest {
  const namespace = parent.metadata.namespace ?? '';
  return manifest(RESOURCES.configMaps, { name, namespace, labels: labels(identity) }, { data });
}

function pretty(content: unknown): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}
