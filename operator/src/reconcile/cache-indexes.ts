import { type KubeObject, keyOf } from '../engine/index.ts';

/* Under which values the caches find an object: a pass over one vault looks at what is its own, not at all there is. */

export function byOwner(object: KubeObject): string[] {
  return object.metadata.ownerReferences?.map(({ uid }) => uid) ?? [];
}

/** Of a pod, whose owner is a ReplicaSet or a Job. */
export function byInstance({ metadata }: KubeObject): string[] {
  const instance = metadata.labels?.['app.kubernetes.io/instance'];
  return instance === undefined ? [] : [keyOf({ namespace: metadata.namespace, name: instance })];
}

/** Of a PSPConnector: the vault that it is for. Read before its schema is known to fit. */
export function byVault(object: KubeObject): string[] {
  const name = (object as { spec?: { vaultRef?: { name?: unknown } } }).spec?.vaultRef?.name;
  return typeof name === 'string' ? [keyOf({ namespace: object.metadata.namespace, name })] : [];
}

/** Of a PaymentVault: its vaultId, which two may name. */
export function byClaim(object: KubeObject): string[] {
  const vaultId = (object as { spec?: { vaultId?: unknown } }).spec?.vaultId;
  return typeof vaultId === 'string' ? [vaultId] : [];
}
