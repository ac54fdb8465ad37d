import type { Subresource, Verb } from './resource.ts';

/** One line of the table of built-in resources; what is left out follows from the kind. */
export interface BuiltinEntry {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  shortNames?: string[];
  categories?: string[];
  verbs?: Verb[];
  subresources?: Subresource[];
  generation?: 'spec' | 'all';
  status?: boolean;
  /** Where the objects live when not under the group and plural of this line. */
  collection?: string;
}

export const ALL_VERBS: Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
const VIRTUAL: Verb[] = ['create'];
const READ_WRITE: Verb[] = ['get', 'patch', 'update'];

const status: Subresource = { name: 'status', verbs: READ_WRITE };
const scale: Subresource = {
  name: 'scale',
  verbs: READ_WRITE,
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
};
const ALL = ['all'];

const core: Omit<BuiltinEntry, 'group' | 'version'>[] = [
  { plural: 'bindings', kind: 'Binding', namespaced: true, verbs: VIRTUAL },
  {
    plural: 'componentstatuses',
    kind: 'ComponentStatus',
    namespaced: false,
    shortNames: ['cs'],
    verbs: ['get', 'list'],
  },
  { plural: 'configmaps', kind: 'ConfigMap', namespaced: true, shortNames: ['cm'] },
  { plural: 'endpoints', kind: 'Endpoints', namespaced: true, shortNames: ['ep'] },
  { plural: 'events', kind: 'Event', namespaced: true, shortNames: ['ev'] },
  { plural: 'limitranges', kind: 'LimitRange', namespaced: true, shortNames: ['limits'] },
  {
    plural: 'namespaces',
    kind: 'Namespace',
    namespaced: false,
    shortNames: ['ns'],
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    status: true,
    subresources: [{ name: 'finalize', verbs: ['update'] }, status],
  },
  {
    plural: 'nodes',
    kind: 'Node',
    namespaced: false,
    shortNames: ['no'],
    status: true,
    subresources: [status],
  },
  {
    plural: 'persistentvolumeclaims',
    kind: 'PersistentVolumeClaim',
    namespaced: true,
    shortNames: ['pvc'],
    status: true,
    subresources: [status],
  },
  {
    plural: 'persistentvolumes',
    kind: 'PersistentVolume',
    namespaced: false,
    shortNames: ['pv'],
    status: true,
    subresources: [status],
  },
  {
    plural: 'pods',
    kind: 'Pod',
    namespaced: true,
    shortNames: ['po'],
    categories: ALL,
    generation: 'spec',
    status: true,
    subresources: [
      { name: 'binding', verbs: VIRTUAL, kind: { group: '', version: 'v1', kind: 'Binding' } },
      { name: 'eviction', verbs: VIRTUAL, kind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
      { name: 'log', verbs: ['get'] },
      status,
    ],
  },
  {
    plural: 'replicationcontrollers',
    kind: 'ReplicationController',
    namespaced: true,
    shortNames: ['rc'],
    categories: ALL,
    generation: 'spec',
    status: true,
    subresources: [scale, status],
  },
  {
    plural: 'resourcequotas',
    kind: 'ResourceQuota',
    namespaced: true,
    shortNames: ['quota'],
    status: true,
    subresources: [status],
  },
  { plural: 'secrets', kind: 'Secret', namespaced: true },
  {
    plural: 'serviceaccounts',
    kind: 'ServiceAccount',
    namespaced: true,
    shortNames: ['sa'],
    subresources: [
      {
        name: 'token',
        verbs: VIRTUAL,
        kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
      },
    ],
  },
  {
    plural: 'services',
    kind: 'Service',
    namespaced: true,
    shortNames: ['svc'],
    categories: ALL,
    status: true,
    subresources: [status],
  },
];

const workload = { namespaced: true, categories: ALL, generation: 'spec', status: true } as const;

const others: BuiltinEntry[] = [
  {
    ...{ group: 'apps', version: 'v1', plural: 'controllerrevisions', kind: 'ControllerRevision' },
    namespaced: true,
  },
  ...(
    [
      ['daemonsets', 'DaemonSet', 'ds', [status]],
      ['deployments', 'Deployment', 'deploy', [scale, status]],
      ['replicasets', 'ReplicaSet', 'rs', [scale, status]],
      ['statefulsets', 'StatefulSet', 'sts', [scale, status]],
    ] as const
  ).map(([plural, kind, short, subresources]) => ({
    ...{ group: 'apps', version: 'v1', plural, kind, shortNames: [short], subresources: [...subresources] },
    ...workload,
  })),
  {
    ...{ group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event', namespaced: true },
    shortNames: ['ev'],
    collection: 'events',
  },
  ...(
    [
      ['selfsubjectreviews', 'SelfSubjectReview'],
      ['tokenreviews', 'TokenReview'],
    ] as const
  ).map(([plural, kind]) => ({
    ...{ group: 'authentication.k8s.io', version: 'v1', plural, kind, namespaced: false, verbs: VIRTUAL },
  })),
  ...(
    [
      ['localsubjectaccessreviews', 'LocalSubjectAccessReview', true],
      ['selfsubjectaccessreviews', 'SelfSubjectAccessReview', false],
      ['selfsubjectrulesreviews', 'SelfSubjectRulesReview', false],
      ['subjectaccessreviews', 'SubjectAccessReview', false],
    ] as const
  ).map(([plural, kind, namespaced]) => ({
    ...{ group: 'authorization.k8s.io', version: 'v1', plural, kind, namespaced, verbs: VIRTUAL },
  })),
  ...['v2', 'v1'].map((version) => ({
    ...{ group: 'autoscaling', version, plural: 'horizontalpodautoscalers', kind: 'HorizontalPodAutoscaler' },
    ...{ namespaced: true, shortNames: ['hpa'], categories: ALL, status: true, subresources: [status] },
  })),
  {
    ...{ group: 'batch', version: 'v1', plural: 'cronjobs', kind: 'CronJob', shortNames: ['cj'] },
    ...workload,
    subresources: [status],
  },
  {
    ...{ group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job' },
    ...workload,
    subresources: [status],
  },
  {
    ...{ group: 'networking.k8s.io', version: 'v1', plural: 'ingressclasses', kind: 'IngressClass' },
    namespaced: false,
    generation: 'spec',
  },
  {
    ...{
      group: 'networking.k8s.io',
      version: 'v1',
      plural: 'ingresses',
      kind: 'Ingress',
      shortNames: ['ing'],
    },
    ...{ namespaced: true, generation: 'spec', status: true, subresources: [status] },
  },
  {
    ...{ group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies', kind: 'NetworkPolicy' },
    ...{ namespaced: true, shortNames: ['netpol'], generation: 'spec' },
  },
  {
    ...{ group: 'policy', version: 'v1', plural: 'poddisruptionbudgets', kind: 'PodDisruptionBudget' },
    ...{ namespaced: true, shortNames: ['pdb'], generation: 'spec', status: true, subresources: [status] },
  },
  ...(
    [
      ['clusterrolebindings', 'ClusterRoleBinding', false],
      ['clusterroles', 'ClusterRole', false],
      ['rolebindings', 'RoleBinding', true],
      ['roles', 'Role', true],
    ] as const
  ).map(([plural, kind, namespaced]) => ({
    ...{ group: 'rbac.authorization.k8s.io', version: 'v1', plural, kind, namespaced },
  })),
  {
    ...{ group: 'storage.k8s.io', version: 'v1', plural: 'storageclasses', kind: 'StorageClass' },
    ...{ namespaced: false, shortNames: ['sc'] },
  },
  {
    ...{ group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' },
    ...{ plural: 'customresourcedefinitions', namespaced: false, shortNames: ['crd', 'crds'] },
    ...{ categories: ['api-extensions'], generation: 'spec', status: true, subresources: [status] },
  },
  {
    ...{ group: 'scheduling.k8s.io', version: 'v1', plural: 'priorityclasses', kind: 'PriorityClass' },
    ...{ namespaced: false, shortNames: ['pc'], generation: 'all' },
  },
  {
    ...{ group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' },
    namespaced: true,
  },
  {
    ...{ group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', kind: 'EndpointSlice' },
    ...{ namespaced: true, generation: 'all' },
  },
];

/** The built-in resources, groups in the order in which the real server lists them. */
export const BUILTIN: BuiltinEntry[] = [
  ...core.map((entry) => ({ group: '', version: 'v1', ...entry })),
  ...others,
];
