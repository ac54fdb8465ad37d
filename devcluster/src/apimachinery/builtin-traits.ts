import type { Schema } from './schema.ts';

/**
 * What Kubernetes' Go types say in tags and markers and the generated models leave out: how lists and structs merge.
 * Keys are `Model.field`. Lists that are not named here are atomic, as in Kubernetes.
 *
 * Source: k8s.io/api and k8s.io/apimachinery, markers listType, listMapKey, structType, mapType and the struct tags
 * patchStrategy and patchMergeKey.
 */

/** A list merged by key in server-side apply, and by (the first) key in strategic merge. */
function keyed(...keys: [string, ...string[]]): Partial<Schema> {
  return {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': keys[0],
  };
}

/** A list that apply replaces whole, but that a strategic merge patch merges by key. */
function mergedByPatch(key: string): Partial<Schema> {
  return { 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': key };
}

const atomicMap: Partial<Schema> = { 'x-kubernetes-map-type': 'atomic' };
const conditions = keyed('type');
const containers = keyed('name');
const defaultsToTcp: Partial<Schema> = { default: 'TCP' };

export const FIELD_TRAITS: Readonly<Record<string, Partial<Schema>>> = {
  'V1ObjectMeta.finalizers': { 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' },
  'V1ObjectMeta.ownerReferences': keyed('uid'),

  'V1PodSpec.containers': containers,
  'V1PodSpec.initContainers': containers,
  'V1PodSpec.ephemeralContainers': containers,
  'V1PodSpec.volumes': { ...keyed('name'), 'x-kubernetes-patch-strategy': 'merge,retainKeys' },
  'V1PodSpec.imagePullSecrets': keyed('name'),
  'V1PodSpec.hostAliases': keyed('ip'),
  'V1PodSpec.topologySpreadConstraints': keyed('topologyKey', 'whenUnsatisfiable'),
  'V1PodSpec.resourceClaims': { ...keyed('name'), 'x-kubernetes-patch-strategy': 'merge,retainKeys' },
  'V1PodSpec.schedulingGates': keyed('name'),
  'V1PodSpec.nodeSelector': atomicMap,
  'V1Container.ports': keyed('containerPort', 'protocol'),
  'V1Container.env': keyed('name'),
  'V1Container.volumeMounts': keyed('mountPath'),
  'V1Container.volumeDevices': keyed('devicePath'),
  'V1EphemeralContainer.ports': keyed('containerPort', 'protocol'),
  'V1EphemeralContainer.env': keyed('name'),
  'V1EphemeralContainer.volumeMounts': keyed('mountPath'),
  'V1EphemeralContainer.volumeDevices': keyed('devicePath'),
  'V1ContainerPort.protocol': defaultsToTcp,
  'V1ResourceRequirements.claims': keyed('name'),
  'V1PodStatus.conditions': conditions,
  'V1PodStatus.podIPs': keyed('ip'),
  'V1PodStatus.hostIPs': mergedByPatch('ip'),
  'V1PodStatus.resourceClaimStatuses': keyed('name'),

  'V1ServiceSpec.ports': keyed('port', 'protocol'),
  'V1ServiceSpec.selector': atomicMap,
  'V1ServicePort.protocol': defaultsToTcp,
  'V1ServiceStatus.conditions': conditions,
  'V1ServiceAccount.secrets': keyed('name'),
  'V1NamespaceStatus.conditions': conditions,
  'V1NodeStatus.conditions': conditions,
  'V1NodeStatus.addresses': keyed('type'),
  'V1NodeSpec.podCIDRs': { 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' },
  'V1PersistentVolumeClaimStatus.conditions': conditions,
  'V1ReplicationControllerSpec.selector': atomicMap,
  'V1ReplicationControllerStatus.conditions': conditions,
  'V1ResourceQuotaSpec.scopes': {},

  'V1DeploymentSpec.strategy': { 'x-kubernetes-patch-strategy': 'retainKeys' },
  'V1DeploymentStatus.conditions': conditions,
  'V1ReplicaSetStatus.conditions': conditions,
  'V1StatefulSetStatus.conditions': conditions,
  'V1DaemonSetStatus.conditions': conditions,
  'V1JobStatus.conditions': mergedByPatch('type'),
  'V1JobStatus.uncountedTerminatedPods': {},
  'V1UncountedTerminatedPods.succeeded': { 'x-kubernetes-list-type': 'set' },
  'V1UncountedTerminatedPods.failed': { 'x-kubernetes-list-type': 'set' },
  'V1PodFailurePolicyRule.onPodConditions': {},
  'V2HorizontalPodAutoscalerStatus.conditions': conditions,
  'V1PodDisruptionBudgetStatus.conditions': conditions,
  'V1PodDisruptionBudgetSpec.selector': { 'x-kubernetes-patch-strategy': 'replace' },
  'V1CustomResourceDefinitionStatus.conditions': conditions,
  'V1APIServiceStatus.conditions': conditions,
  'V1ValidatingWebhookConfiguration.webhooks': keyed('name'),
  'V1MutatingWebhookConfiguration.webhooks': keyed('name'),
  'V1CertificateSigningRequestStatus.conditions': {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  },
};

/** Structs that are owned and replaced whole. */
export const ATOMIC_MODELS: ReadonlySet<string> = new Set([
  'V1OwnerReference',
  'V1LabelSelector',
  'V1NodeSelector',
  'V1NodeSelectorTerm',
  'V1LocalObjectReference',
  'V1ObjectReference',
  'V1SecretReference',
  'V1TypedLocalObjectReference',
  'V1SecretKeySelector',
  'V1ConfigMapKeySelector',
  'V1FileKeySelector',
  'V1ObjectFieldSelector',
  'V1ResourceFieldSelector',
  'V1ScopeSelector',
  'V1TopologySelectorTerm',
  'V1RoleRef',
  'RbacV1Subject',
  'V2CrossVersionObjectReference',
  'V1CrossVersionObjectReference',
]);

type Always = Readonly<Record<string, 'struct' | 'nil'>>;

const specAndStatus: Always = { metadata: 'struct', spec: 'struct', status: 'struct' };
const specOnly: Always = { metadata: 'struct', spec: 'struct' };
const metadataOnly: Always = { metadata: 'struct' };
const withRoleRef: Always = { metadata: 'struct', roleRef: 'struct' };

/** Structs without pointer, and lists without `omitempty`: Go writes them even when they are empty. */
export const ALWAYS_PRESENT: Readonly<Record<string, Always>> = {
  V1ConfigMap: metadataOnly,
  V1Secret: metadataOnly,
  V1ServiceAccount: metadataOnly,
  V1Namespace: specAndStatus,
  V1Node: specAndStatus,
  V1NodeStatus: { daemonEndpoints: 'struct', nodeInfo: 'struct' },
  V1Service: specAndStatus,
  V1ServiceStatus: { loadBalancer: 'struct' },
  V1Pod: specAndStatus,
  V1PodSpec: { containers: 'nil' },
  V1PodTemplateSpec: { metadata: 'struct', spec: 'struct' },
  V1Container: { resources: 'struct' },
  V1PersistentVolume: specAndStatus,
  V1PersistentVolumeClaim: specAndStatus,
  V1PersistentVolumeClaimSpec: { resources: 'struct' },
  V1Deployment: specAndStatus,
  V1DeploymentSpec: { selector: 'nil', template: 'struct', strategy: 'struct' },
  V1ReplicaSet: specAndStatus,
  V1ReplicaSetSpec: { selector: 'nil', template: 'struct' },
  V1StatefulSet: specAndStatus,
  V1StatefulSetSpec: { selector: 'nil', template: 'struct', updateStrategy: 'struct' },
  V1DaemonSet: specAndStatus,
  V1DaemonSetSpec: { selector: 'nil', template: 'struct', updateStrategy: 'struct' },
  V1ControllerRevision: metadataOnly,
  V1Job: specAndStatus,
  V1JobSpec: { template: 'struct' },
  V1CronJob: specAndStatus,
  V1CronJobSpec: { jobTemplate: 'struct' },
  V1JobTemplateSpec: { metadata: 'struct', spec: 'struct' },
  V2HorizontalPodAutoscaler: specAndStatus,
  V2HorizontalPodAutoscalerSpec: { scaleTargetRef: 'struct' },
  V2HorizontalPodAutoscalerStatus: { currentMetrics: 'nil' },
  V1PodDisruptionBudget: specAndStatus,
  V1NetworkPolicy: specOnly,
  V1NetworkPolicySpec: { podSelector: 'struct' },
  V1Ingress: specAndStatus,
  V1IngressStatus: { loadBalancer: 'struct' },
  V1Lease: specOnly,
  V1EndpointSlice: { metadata: 'struct', endpoints: 'nil', ports: 'nil' },
  V1Endpoint: { addresses: 'nil', conditions: 'struct' },
  V1Role: { metadata: 'struct', rules: 'nil' },
  V1ClusterRole: { metadata: 'struct', rules: 'nil' },
  V1PolicyRule: { verbs: 'nil' },
  V1RoleBinding: withRoleRef,
  V1ClusterRoleBinding: withRoleRef,
  V1CustomResourceDefinition: specAndStatus,
  V1CustomResourceDefinitionSpec: { names: 'struct', versions: 'nil' },
  V1CustomResourceDefinitionStatus: { conditions: 'nil', acceptedNames: 'struct', storedVersions: 'nil' },
  CoreV1Event: {
    metadata: 'struct',
    involvedObject: 'struct',
    source: 'struct',
    firstTimestamp: 'nil',
    lastTimestamp: 'nil',
    eventTime: 'nil',
  },
  EventsV1Event: {
    metadata: 'struct',
    eventTime: 'nil',
    regarding: 'struct',
    deprecatedSource: 'struct',
    deprecatedFirstTimestamp: 'nil',
    deprecatedLastTimestamp: 'nil',
  },
};

/** Fields of type resource.Quantity, which the models call strings. */
export const QUANTITY_FIELDS: ReadonlySet<string> = new Set([
  'V1ResourceRequirements.limits',
  'V1ResourceRequirements.requests',
  'V1VolumeResourceRequirements.limits',
  'V1VolumeResourceRequirements.requests',
  'V1PodSpec.overhead',
  'V1EmptyDirVolumeSource.sizeLimit',
  'V1ResourceFieldSelector.divisor',
  'V1PersistentVolumeSpec.capacity',
  'V1PersistentVolumeClaimStatus.capacity',
  'V1NodeStatus.capacity',
  'V1NodeStatus.allocatable',
  'V1ResourceQuotaSpec.hard',
  'V1ResourceQuotaStatus.hard',
  'V1ResourceQuotaStatus.used',
  'V1LimitRangeItem.max',
  'V1LimitRangeItem.min',
  'V1LimitRangeItem.default',
  'V1LimitRangeItem.defaultRequest',
  'V1LimitRangeItem.maxLimitRequestRatio',
  'V2MetricTarget.value',
  'V2MetricTarget.averageValue',
  'V2MetricValueStatus.value',
  'V2MetricValueStatus.averageValue',
]);
