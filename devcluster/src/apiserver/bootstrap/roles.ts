import { randomUUID } from 'node:crypto';
import { RBAC_COLLECTIONS, RBAC_GROUP } from '../auth/authorizer.ts';
import { AUTHENTICATED, MASTERS } from '../auth/user.ts';
import { type ServerContext, timestamp } from '../context.ts';
import type { JsonObject } from '../object.ts';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const ALL = [...READ, ...WRITE];

interface Rule {
  apiGroups?: string[];
  resources?: string[];
  verbs: string[];
  nonResourceURLs?: string[];
}

function rule(group: string, resources: string[], verbs: string[]): Rule {
  return { verbs, apiGroups: [group], resources };
}

const CORE = [
  'configmaps',
  'endpoints',
  'events',
  'persistentvolumeclaims',
  'pods',
  'pods/log',
  'pods/status',
];
const CORE_MORE = [
  'replicationcontrollers',
  'replicationcontrollers/scale',
  'services',
  'services/status',
  'bindings',
];
const APPS = ['controllerrevisions', 'daemonsets', 'deployments', 'deployments/scale', 'replicasets'];
const APPS_MORE = ['replicasets/scale', 'statefulsets', 'statefulsets/scale'];

/** What users of a namespace work with; who may write them differs per role. */
function namespacedRules(verbs: string[]): Rule[] {
  return [
    rule('', [...CORE, ...CORE_MORE, 'serviceaccounts'], verbs),
    rule('apps', [...APPS, ...APPS_MORE], verbs),
    rule('autoscaling', ['horizontalpodautoscalers'], verbs),
    rule('batch', ['cronjobs', 'jobs'], verbs),
    rule('networking.k8s.io', ['ingresses', 'networkpolicies'], verbs),
    rule('policy', ['poddisruptionbudgets'], verbs),
    rule('discovery.k8s.io', ['endpointslices'], READ),
    rule('', ['namespaces', 'limitranges', 'resourcequotas'], READ),
  ];
}

const edit: Rule[] = [
  ...namespacedRules(ALL),
  rule('', ['secrets'], ALL),
  rule('', ['pods/eviction', 'serviceaccounts/token'], ['create']),
  rule('', ['serviceaccounts'], ['impersonate']),
  rule('coordination.k8s.io', ['leases'], ALL),
];

const discovery: Rule = {
  verbs: ['get'],
  nonResourceURLs: [
    '/api',
    '/api/*',
    '/apis',
    '/apis/*',
    '/healthz',
    '/livez',
    '/openapi',
    '/openapi/*',
    '/readyz',
    '/version',
    '/version/',
  ],
};

const CLUSTER_ROLES: Record<string, Rule[]> = {
  'cluster-admin': [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ],
  admin: [
    ...edit,
    rule(RBAC_GROUP, ['rolebindings', 'roles'], ALL),
    rule('authorization.k8s.io', ['localsubjectaccessreviews'], ['create']),
  ],
  edit,
  view: namespacedRules(READ),
  'system:basic-user': [
    rule('authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
    rule('authentication.k8s.io', ['selfsubjectreviews'], ['create']),
  ],
  'system:discovery': [discovery],
  'system:public-info-viewer': [
    { verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'] },
  ],
  'system:service-account-issuer-discovery': [
    {
      verbs: ['get'],
      nonResourceURLs: [
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ],
    },
  ],
  'system:auth-delegator': [
    rule('authentication.k8s.io', ['tokenreviews'], ['create']),
    rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
  ],
};

const CLUSTER_ROLE_BINDINGS: Record<string, string[]> = {
  'cluster-admin': [MASTERS],
  'system:basic-user': [AUTHENTICATED],
  'system:discovery': [AUTHENTICATED],
  'system:public-info-viewer': [AUTHENTICATED, 'system:unauthenticated'],
  'system:service-account-issuer-discovery': ['system:serviceaccounts'],
};

/** The cluster roles and bindings that every cluster has and that matter here. */
export function createDefaultRoles(context: ServerContext): void {
  const { store } = context;
  const object = (kind: string, name: string, rest: JsonObject): Parameters<typeof store.put>[1] => ({
    kind,
    apiVersion: `${RBAC_GROUP}/v1`,
    metadata: {
      name,
      uid: randomUUID(),
      creationTimestamp: timestamp(context.now()),
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
    },
    ...rest,
  });
  for (const [name, rules] of Object.entries(CLUSTER_ROLES)) {
    store.put(RBAC_COLLECTIONS.clusterRoles, object('ClusterRole', name, { rules }));
  }
  for (const [name, groups] of Object.entries(CLUSTER_ROLE_BINDINGS)) {
    const subjects = groups.map((group) => ({ kind: 'Group', apiGroup: RBAC_GROUP, name: group }));
    const roleRef = { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name };
    store.put(
      RBAC_COLLECTIONS.clusterRoleBindings,
      object('ClusterRoleBinding', name, { subjects, roleRef }),
    );
  }
}
