import type { ComponentSize } from './effective.ts';
import type { PodIdentity } from './names.ts';

/** What is mounted into a pod, and where. */
export type Mount =
  | { kind: 'secret'; name: string; secret: string; path: string; optional?: boolean }
  | { kind: 'configMap'; name: string; configMap: string; path: string }
  /** Our own token for the other services, audience `cofferdam`, ten minutes. */
  | { kind: 'token'; name: string; path: string };

/** One of our processes, as the Deployment, Job, Service and policy builders need to know it. */
export type Component = {
  identity: PodIdentity;
  /** Of Deployment, Service, ServiceAccount, PodDisruptionBudget, NetworkPolicy. */
  name: string;
  namespace: string;
  image: string;
  env: Record<string, string>;
  mounts: readonly Mount[];
  size: ComponentSize;
  /** Of the ServiceAccount: the IAM role of the pods, for example. */
  serviceAccountAnnotations?: Record<string, string>;
  /** Of the Deployment. */
  annotations?: Record<string, string>;
};
