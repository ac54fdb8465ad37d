import type {
  V1ConfigMap,
  V1Container,
  V1ContainerState,
  V1ContainerStatus,
  V1Deployment,
  V1Endpoint,
  V1EndpointSlice,
  V1Job,
  V1LabelSelector,
  V1Namespace,
  V1Node,
  V1ObjectMeta,
  V1OwnerReference,
  V1Pod,
  V1PodDisruptionBudget,
  V1PodTemplateSpec,
  V1Probe,
  V1ReplicaSet,
  V1Secret,
  V1Service,
  V1ServiceAccount,
  V1Volume,
} from '@kubernetes/client-node';

/** The official client's types as they are on the wire: times are strings. */
export type Json<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [Key in keyof T]: Json<T[Key]> }
      : T;

type Identity = {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
};

/** Metadata of an object that an API server has stored: its identity is there. */
export type StoredMeta = Omit<Json<V1ObjectMeta>, keyof Identity> & Identity;

type Base<T> = Omit<Json<T>, 'apiVersion' | 'kind' | 'metadata'> & {
  apiVersion: string;
  kind: string;
  metadata: StoredMeta;
};

/** An object read from an API server. `namespace` is absent on cluster-scoped objects, whatever the type says. */
export type Stored<T extends { metadata?: V1ObjectMeta; spec?: unknown }> = Omit<Base<T>, 'spec'> & {
  spec: NonNullable<Json<T>['spec']>;
};

export type Pod = Stored<V1Pod>;
export type PodSpec = Pod['spec'];
export type PodTemplate = Json<V1PodTemplateSpec>;
export type PodStatus = NonNullable<Json<V1Pod>['status']>;
export type Container = Json<V1Container>;
export type ContainerState = Json<V1ContainerState>;
export type ContainerStatus = Json<V1ContainerStatus>;
export type Probe = Json<V1Probe>;
export type Volume = Json<V1Volume>;
export type ReplicaSet = Stored<V1ReplicaSet>;
export type ReplicaSetStatus = NonNullable<Json<V1ReplicaSet>['status']>;
export type Deployment = Stored<V1Deployment>;
export type DeploymentStatus = NonNullable<Json<V1Deployment>['status']>;
export type Job = Stored<V1Job>;
export type JobStatus = NonNullable<Json<V1Job>['status']>;
export type Service = Stored<V1Service>;
export type EndpointSlice = Base<V1EndpointSlice>;
export type Endpoint = Json<V1Endpoint>;
export type Namespace = Stored<V1Namespace>;
export type ServiceAccount = Base<V1ServiceAccount>;
export type ConfigMap = Base<V1ConfigMap>;
export type Secret = Base<V1Secret>;
export type Node = Stored<V1Node>;
export type PodDisruptionBudget = Stored<V1PodDisruptionBudget>;
export type OwnerReference = Json<V1OwnerReference>;
export type LabelSelector = Json<V1LabelSelector>;

export const controllerOf = (object: {
  metadata: { ownerReferences?: OwnerReference[] };
}): OwnerReference | undefined => object.metadata.ownerReferences?.find((owner) => owner.controller === true);

/** The reference by which a controller marks what it made. */
export const ownerReference = (
  owner: { metadata: StoredMeta },
  apiVersion: string,
  kind: string,
): OwnerReference => ({
  apiVersion,
  kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

export const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ??
  false;

/** Not finished and not on its way out. */
export const isActive = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.status?.phase !== 'Succeeded' &&
  pod.status?.phase !== 'Failed';

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: Date): boolean {
  const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready');
  if (ready?.status !== 'True') return false;
  if (minReadySeconds === 0) return true;
  return Date.parse(ready.lastTransitionTime ?? '') + minReadySeconds * 1000 <= now.getTime();
}
