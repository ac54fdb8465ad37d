import type { AccountsFile, RoutingFile } from '@cofferdam/contracts';
import type { PaymentVault, PSPConnector } from '@cofferdam/crds';
import { effectiveConnector } from './effective.ts';
import { names, serviceUrl, subjectOf } from './names.ts';

/** The router waits a little longer than the connector waits for the PSP, or it would give up on a sent charge. */
const ROUTER_MARGIN_MS = 2_000;

export function routingFile(vault: PaymentVault, connectors: readonly PSPConnector[]): RoutingFile {
  const namespace = vault.metadata.namespace ?? '';
  return {
    connectors: connectors.map((connector) => {
      const { name } = connector.metadata;
      const { routing, resilience } = effectiveConnector(connector);
      return {
        name,
        provider: connector.spec.provider,
        url: serviceUrl(names.connector(name), namespace),
        subject: subjectOf(namespace, names.connector(name)),
        accounts: connector.spec.accounts.map(({ name, merchants }) => ({ name, merchants })),
        ...routing,
        timeoutMs: resilience.timeoutMilliseconds + ROUTER_MARGIN_MS,
      };
    }),
    rules: vault.spec.router?.rules ?? [],
  };
}

/** Directories are relative to ACCOUNTS_DIR: one a Secret. */
export function accountsFile(connector: PSPConnector): AccountsFile {
  return {
    accounts: connector.spec.accounts.map(({ name, merchants }) => ({ name, merchants, directory: name })),
  };
}
