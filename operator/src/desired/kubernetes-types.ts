/** The shapes of the manifests, for the compiler only: nothing of the package is loaded. */

import type {
  V1NetworkPolicyIngressRule,
  V1NetworkPolicyPeer,
  V1NetworkPolicySpec,
} from '@kubernetes/client-node';

export type {
  V1Container as Container,
  V1ContainerPort as ContainerPort,
  V1DeploymentSpec as DeploymentSpec,
  V1JobSpec as JobSpec,
  V1NetworkPolicyEgressRule as EgressRule,
  V1NetworkPolicyPeer as PolicyPeer,
  V1NetworkPolicyPort as PolicyPort,
  V1PodDisruptionBudgetSpec as PodDisruptionBudgetSpec,
  V1PodTemplateSpec as PodTemplateSpec,
  V1ServiceSpec as ServiceSpec,
  V1Volume as Volume,
  V1VolumeMount as VolumeMount,
  V2HorizontalPodAutoscalerSpec as HorizontalPodAutoscalerSpec,
} from '@kubernetes/client-node';

/** The package calls `from` by another name, as it has to for other languages. */
export type IngressRule = Omit<V1NetworkPolicyIngressRule, '_from'> & { from?: V1NetworkPolicyPeer[] };
export type NetworkPolicySpec = Omit<V1NetworkPolicySpec, 'ingress'> & { ingress: IngressRule[] };
