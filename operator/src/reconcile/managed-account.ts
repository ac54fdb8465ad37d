import { API_VERSION, PAYMENT_VAULT, PSP_CONNECTOR } from '@cofferdam/crds';
import { RESOURCES } from '../engine/index.ts';
import type { Caches } from './caches.ts';

/**
 * Whether a ServiceAccount is a child of a PaymentVault or PSPConnector that exists: what labels say is not enough,
 * since whoever may make ServiceAccounts may put any label on them.
 */
export function isManagedAccount(
  caches: Pick<Caches, 'of' | 'vaults' | 'connectors'>,
  account: { namespace: string; name: string; uid: string },
): boolean {
  const { namespace, name, uid } = account;
  const found = caches.of(RESOURCES.serviceAccounts)?.store.get(namespace, name);
  if (found === undefined || found.metadata.uid !== uid) return false;
  return (found.metadata.ownerReferences ?? []).some((owner) => {
    if (owner.apiVersion !== API_VERSION || owner.controller !== true) return false;
    const cache =
      owner.kind === PAYMENT_VAULT.kind
        ? caches.vaults
        : owner.kind === PSP_CONNECTOR.kind
          ? caches.connectors
          : undefined;
    return cache?.store.get(namespace, owner.name)?.metadata.uid === owner.uid;
  });
}
