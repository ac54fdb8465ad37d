import type {
  V1Container,
  V1DeploymentSpec,
  V1JobSpec,
  V1NetworkPolicyEgressRule,
  V1NetworkPolicyIngressRule,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1NetworkPolicySpec,
  V1PodDisruptionBudgetSpec,
  V1PodTemplateSpec,
  V1ServiceSpec,
  V1Volume,
  V1VolumeMount,
  V2HorizontalPodAutoscalerSpec,
} from '@kubernetes/client-node';

/* The shapes of the manifests, for the compiler only: nothing of the package is loaded. */

export type Container = V1Container;
export type DeploymentSpec = V1DeploymentSpec;
export type EgressRule = V1NetworkPolicyEgressRule;
export type HorizontalPodAutoscalerSpec = V2HorizontalPodAutoscalerSpec;
export type JobSpec = V1JobSpec;
export type PodDisruptionBudgetSpec = V1PodDisruptionBudgetSpec;
export type PodTemplateSpec = V1PodTemplateSpec;
export type PolicyPeer = V1NetworkPolicyPeer;
export type PolicyPort = V1NetworkPolicyPort;
export type ServiceSpec = V1ServiceSpec;
export type Volume = V1Volume;
export type VolumeMount = V1VolumeMount;

/** The package calls `from` by another name, as it has to for other languages. */
export type IngressRule = Omit<V1NetworkPolicyIngressRule, '_from'> & { from?: V1NetworkPolicyPeer[] };
export type NetworkPolicySpec = Omit<V1NetworkPolicySpec, 'ingress'> & { ingress: IngressRule[] };
