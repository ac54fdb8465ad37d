import type { ComponentSize } from '@cofferdam/crds';
import type { PodIdentity } from './names.ts';

/** What is mounted into a pod, and where. */
export type Mount =
  | { kind: 'secret'; name: string; secret: string; path: string; optional?: boolean }
  | { kind: 'configMap'; name: string; configMap: string; path: string; optional?: boolean }
  /** A token of our own, ten minutes. Its audience: the other services, where nothing else is said. */
  | { kind: 'token'; name: string; path: string; audience?: string };

/** One of our processes, as the Deployment, Job, Service and policy builders need to know it. */
export type Component = {
  identity: PodIdentity;
  /** Of Deployment, Service, ServiceAccount, PodDisruptionBudget, NetworkPolicy. */
  name: string;
  namespace: string;
  image: string;
  /** Absent: none. */
  imagePullSecrets?: readonly { name: string }[];
  env: Record<string, string>;
  mounts: readonly Mount[];
  size: ComponentSize;
  /** Of the ServiceAccount: the IAM role of the pods, for example. */
  serviceAccountAnnotations?: Record<string, string>;
  /** Of the Deployment. */
  annotations?: Record<string, string>;
};
