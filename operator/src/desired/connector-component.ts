import { ENV } from '@cofferdam/contracts';
import type { PaymentVault, PSPConnector } from '@cofferdam/crds';
import { caMount } from './ca-mount.ts';
import type { Component, Mount } from './component.ts';
import { digest } from './digest.ts';
import { effectiveConnector, effectiveVault } from './effective.ts';
import type { Facts } from './facts.ts';
import { names, serviceUrl } from './names.ts';
import { CA_KEY, tlsOf } from './tls.ts';
import { tracingEnv } from './tracing.ts';
import { imagePullSecretsOf, PATHS } from './vault-component.ts';

/** One PSP's process: its own identity, its own Secrets, no database and no key. */
export function connectorComponent(connector: PSPConnector, vault: PaymentVault, facts: Facts): Component {
  const { name, namespace = '' } = connector.metadata;
  const { spec } = connector;
  const vaultName = vault.metadata.name;
  const { images, scaling } = effectiveVault(vault, facts.images);
  const tls = tlsOf(vault, facts, { name: names.connector(name), namespace });
  const endpointCa = spec.endpointCaRef;
  return {
    identity: { role: 'connector', instance: name, vault: vaultName },
    name: names.connector(name),
    namespace,
    image: images.connector,
    ...imagePullSecretsOf(vault),
    size: scaling.connectors,
    env: {
      [ENV.logLevel]: (vault.spec.observability?.logLevel ?? 'Info').toLowerCase(),
      [ENV.vaultId]: vault.spec.vaultId,
      [ENV.accessFile]: `${PATHS.access}/access.json`,
      [ENV.connectorName]: name,
      [ENV.provider]: spec.provider,
      [ENV.accountsFile]: `${PATHS.accountsConfig}/accounts.json`,
      [ENV.accountsDirectory]: PATHS.accounts,
      [ENV.vaultUrl]: serviceUrl(names.vault(vaultName), namespace),
      [ENV.tokenFile]: `${PATHS.token}/token`,
      [ENV.timeoutMs]: String(effectiveConnector(connector).resilience.timeoutMilliseconds),
      ...(spec.endpoint === undefined ? {} : { [ENV.endpoint]: spec.endpoint }),
      ...(endpointCa === undefined
        ? {}
        : { [ENV.endpointCaFile]: `${PATHS.endpointCa}/${endpointCa.key ?? CA_KEY}` }),
      ...tls.env,
      ...tracingEnv(vault),
    },
    mounts: [
      { kind: 'configMap', name: 'access', configMap: names.access(vaultName), path: PATHS.access },
      { kind: 'configMap', name: 'accounts', configMap: names.accounts(name), path: PATHS.accountsConfig },
      { kind: 'token', name: 'token', path: PATHS.token },
      ...tls.mounts,
      ...(endpointCa === undefined ? [] : [caMount('endpoint-ca', endpointCa, PATHS.endpointCa)]),
      ...spec.accounts.map(
        (account): Mount => ({
          kind: 'secret',
          name: volumeName(account.name),
          secret: account.credentialsRef.name,
          path: `${PATHS.accounts}/${account.name}`,
          // One account's missing Secret must not stop the others: the connector reports it instead.
          optional: true,
        }),
      ),
    ],
  };
}

/** A volume's name has at most 63 characters, as an account's has. */
function volumeName(account: string): string {
  return account.length <= 55 ? `account-${account}` : `account-${digest(account)}`;
}
