import { PAYMENT_VAULT } from '@cofferdam/crds';

interface Protected {
  readonly kind: string;
  readonly spec?: unknown;
}

/**
 * Sync options of objects with which cards could be lost; undefined for all others, which may come and go with Git.
 * Why these: docs/adr/0015.
 *
 * - With a CustomResourceDefinition, Kubernetes deletes every PaymentVault of the cluster; with a Namespace, whatever
 *   is in it: Secrets, KafkaTopics, perhaps the database. Argo CD never deletes one.
 * - A PaymentVault goes with nothing that happens in Git. When somebody deletes its Application with all that belongs
 *   to it, Argo CD asks before it deletes anything, and then goes in order. Key, topics and databases stay. Where
 *   `deletionPolicy: Delete` would have the key destroyed, Argo CD never deletes it: that takes `kubectl delete`.
 */
export function syncOptionsOf({ kind, spec }: Protected): string | undefined {
  if (kind === 'CustomResourceDefinition' || kind === 'Namespace') return 'Prune=false,Delete=false';
  if (kind !== PAYMENT_VAULT.kind) return undefined;
  return `Prune=false,Delete=${destroysKey(spec) ? 'false' : 'confirm'}`;
}

function destroysKey(spec: unknown): boolean {
  return typeof spec === 'object' && spec !== null && Reflect.get(spec, 'deletionPolicy') === 'Delete';
}
