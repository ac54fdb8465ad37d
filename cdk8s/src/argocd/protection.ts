import { PAYMENT_VAULT } from '@cofferdam/crds';

/**
 * Sync options of objects with which cards could be lost; undefined for all others, which may come and go with Git.
 * Why these: docs/adr/0015.
 *
 * - With a CustomResourceDefinition, Kubernetes deletes every PaymentVault of the cluster; with a Namespace, whatever
 *   is in it: Secrets, KafkaTopics, perhaps the database. Argo CD never deletes one.
 * - A PaymentVault goes with nothing that happens in Git. When somebody deletes its Application with all that belongs
 *   to it, Argo CD asks before it deletes anything, and then goes in order. Topics and databases stay, and the key with
 *   them, unless the vault's own `deletionPolicy: Delete` says otherwise. With such a vault too it has to ask: one that
 *   it left out would not hold up the rest, and be left without its operator.
 */
export function syncOptionsOf(kind: string): string | undefined {
  if (kind === 'CustomResourceDefinition' || kind === 'Namespace') return 'Prune=false,Delete=false';
  return kind === PAYMENT_VAULT.kind ? 'Prune=false,Delete=confirm' : undefined;
}
