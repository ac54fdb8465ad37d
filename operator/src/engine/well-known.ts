import type { Resource } from './resource.ts';

const namespaced = (group: string, version: string, plural: string, kind: string): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
});
const clusterWide = (group: string, version: string, plural: string, kind: string): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced: false,
});

/** The built-in kinds that controllers ask for. */
export const RESOURCES = {
  pods: namespaced('', 'v1', 'pods', 'Pod'),
  services: namespaced('', 'v1', 'services', 'Service'),
  configMaps: namespaced('', 'v1', 'configmaps', 'ConfigMap'),
  secrets: namespaced('', 'v1', 'secrets', 'Secret'),
  serviceAccounts: namespaced('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  events: namespaced('', 'v1', 'events', 'Event'),
  namespaces: clusterWide('', 'v1', 'namespaces', 'Namespace'),
  nodes: clusterWide('', 'v1', 'nodes', 'Node'),
  deployments: namespaced('apps', 'v1', 'deployments', 'Deployment'),
  replicaSets: namespaced('apps', 'v1', 'replicasets', 'ReplicaSet'),
  jobs: namespaced('batch', 'v1', 'jobs', 'Job'),
  networkPolicies: namespaced('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy'),
  podDisruptionBudgets: namespaced('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  horizontalPodAutoscalers: namespaced(
    'autoscaling',
    'v2',
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
  ),
  endpointSlices: namespaced('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  leases: namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  customResourceDefinitions: clusterWide(
    'apiextensions.k8s.io',
    'v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
  ),
} as const satisfies Record<string, Resource>;

/** Kinds that a cluster need not have; see `discoverApis`. */
export const OPTIONAL_RESOURCES = {
  serviceMonitors: namespaced('monitoring.coreos.com', 'v1', 'servicemonitors', 'ServiceMonitor'),
  httpRoutes: namespaced('gateway.networking.k8s.io', 'v1', 'httproutes', 'HTTPRoute'),
  tlsRoutes: namespaced('gateway.networking.k8s.io', 'v1', 'tlsroutes', 'TLSRoute'),
  backendTlsPolicies: namespaced('gateway.networking.k8s.io', 'v1', 'backendtlspolicies', 'BackendTLSPolicy'),
  kafkaTopics: namespaced('kafka.strimzi.io', 'v1beta2', 'kafkatopics', 'KafkaTopic'),
  certificates: namespaced('cert-manager.io', 'v1', 'certificates', 'Certificate'),
  ciliumNetworkPolicies: namespaced('cilium.io', 'v2', 'ciliumnetworkpolicies', 'CiliumNetworkPolicy'),
} as const satisfies Record<string, Resource>;
