/** Where a kind lives in the API. */
export type Resource = {
  /** Empty for the core group. */
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
};

export type OwnerReference = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
};

export type ObjectMeta = {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: unknown[];
};

/** Raw JSON as the API server sent it: times are strings. */
export type KubeObject = { apiVersion: string; kind: string; metadata: ObjectMeta };

export type ObjectKey = { namespace?: string | undefined; name: string };

export type KubeList<T extends KubeObject = KubeObject> = {
  apiVersion: string;
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: T[];
};

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: T }
  | { type: 'ERROR'; object: unknown };

export function apiVersionOf(resource: Pick<Resource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** `/apis/apps/v1/namespaces/payments-dev/deployments/payments-vault/status`. */
export function resourcePath(resource: Resource, key: Partial<ObjectKey> = {}, subresource?: string): string {
  const parts =
    resource.group === '' ? ['/api', resource.version] : ['/apis', resource.group, resource.version];
  if (resource.namespaced && key.namespace !== undefined) {
    parts.push('namespaces', encodeURIComponent(key.namespace));
  }
  parts.push(resource.plural);
  if (key.name !== undefined) parts.push(encodeURIComponent(key.name));
  if (subresource !== undefined) parts.push(subresource);
  return parts.join('/');
}

/** `namespace/name`, or `name` of a cluster-scoped object: the key of caches and queues. */
export function keyOf(object: { metadata: { namespace?: string; name: string } } | ObjectKey): string {
  const { namespace, name } = 'metadata' in object ? object.metadata : object;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function parseKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
