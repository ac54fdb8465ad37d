import { API_VERSION, PAYMENT_VAULT, PSP_CONNECTOR } from '@cofferdam/crds';
import { names } from '../desired/names.ts';
import { type OwnerReference, RESOURCES } from '../engine/index.ts';
import type { Caches } from './caches.ts';

/**
 * Whether a ServiceAccount is one that a PaymentVault or PSPConnector that exists is given. Whoever may make
 * ServiceAccounts may put any label and any owner on them, so its name has to be the one that we would have chosen:
 * that of `acme-vault.acme-prod.svc` would be certified, as its own name, for the vault of another namespace.
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
    if (!accountsOf(owner).includes(name)) return false;
    const cache = owner.kind === PAYMENT_VAULT.kind ? caches.vaults : caches.connectors;
    return cache.store.get(namespace, owner.name)?.metadata.uid === owner.uid;
  });
}

function accountsOf({ kind, name }: Pick<OwnerReference, 'kind' | 'name'>): string[] {
  if (kind === PAYMENT_VAULT.kind) return [names.vault(name), names.router(name)];
  return kind === PSP_CONNECTOR.kind ? [names.connector(name)] : [];
}
