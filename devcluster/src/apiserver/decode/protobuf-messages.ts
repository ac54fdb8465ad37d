/** `ignored`: a status, which the server sets itself. */
export type FieldType = 'string' | 'int' | 'bool' | 'bytes' | 'time' | 'intOrString' | 'ignored' | Message;

export interface Field {
  name: string;
  type: FieldType;
  kind?: 'list' | 'map';
}

/** Fields by number, from the generated.proto files of k8s.io/api and k8s.io/apimachinery. */
export interface Message {
  readonly [number: number]: Field;
}

const one = (name: string, type: FieldType = 'string'): Field => ({ name, type });
const list = (name: string, type: FieldType = 'string'): Field => ({ name, type, kind: 'list' });
const map = (name: string, type: FieldType = 'string'): Field => ({ name, type, kind: 'map' });

const ownerReference: Message = {
  1: one('kind'),
  3: one('name'),
  4: one('uid'),
  5: one('apiVersion'),
  6: one('controller', 'bool'),
  7: one('blockOwnerDeletion', 'bool'),
};

/** ObjectMeta. Its zeroes are written, and mean the same as absent. */
export const METADATA: Message = {
  1: one('name'),
  2: one('generateName'),
  3: one('namespace'),
  4: one('selfLink'),
  5: one('uid'),
  6: one('resourceVersion'),
  7: one('generation', 'int'),
  8: one('creationTimestamp', 'time'),
  9: one('deletionTimestamp', 'time'),
  10: one('deletionGracePeriodSeconds', 'int'),
  11: map('labels'),
  12: map('annotations'),
  13: list('ownerReferences', ownerReference),
  14: list('finalizers'),
};

const metadata = one('metadata', METADATA);

const reference: Message = { 1: one('name') };
const EMPTY: Message = {};

const policyRule: Message = {
  1: list('verbs'),
  2: list('apiGroups'),
  3: list('resources'),
  4: list('resourceNames'),
  5: list('nonResourceURLs'),
};
const subject: Message = { 1: one('kind'), 2: one('apiGroup'), 3: one('name'), 4: one('namespace') };
const roleRef: Message = { 1: one('apiGroup'), 2: one('kind'), 3: one('name') };
const role: Message = { 1: metadata, 2: list('rules', policyRule) };
const binding: Message = { 1: metadata, 2: list('subjects', subject), 3: one('roleRef', roleRef) };

const resourceAttributes: Message = {
  1: one('namespace'),
  2: one('verb'),
  3: one('group'),
  4: one('version'),
  5: one('resource'),
  6: one('subresource'),
  7: one('name'),
};
const nonResourceAttributes: Message = { 1: one('path'), 2: one('verb') };
const status = one('status', 'ignored');

const labelSelector: Message = {
  1: map('matchLabels'),
  2: list('matchExpressions', { 1: one('key'), 2: one('operator'), 3: list('values') }),
};

/** What `kubectl create deployment` and `kubectl create job` fill in. */
const container: Message = {
  1: one('name'),
  2: one('image'),
  3: list('command'),
  4: list('args'),
  5: one('workingDir'),
  6: list('ports', {
    1: one('name'),
    2: one('hostPort', 'int'),
    3: one('containerPort', 'int'),
    4: one('protocol'),
  }),
  7: list('env', { 1: one('name'), 2: one('value') }),
  8: one('resources', EMPTY),
  13: one('terminationMessagePath'),
  14: one('imagePullPolicy'),
  16: one('stdin', 'bool'),
  17: one('stdinOnce', 'bool'),
  18: one('tty', 'bool'),
  20: one('terminationMessagePolicy'),
};
const podSpec: Message = {
  2: list('containers', container),
  3: one('restartPolicy'),
  4: one('terminationGracePeriodSeconds', 'int'),
  6: one('dnsPolicy'),
  8: one('serviceAccountName'),
  9: one('serviceAccount'),
  10: one('nodeName'),
  11: one('hostNetwork', 'bool'),
  12: one('hostPID', 'bool'),
  13: one('hostIPC', 'bool'),
  16: one('hostname'),
  17: one('subdomain'),
  19: one('schedulerName'),
  24: one('priorityClassName'),
};
const template: Message = { 1: metadata, 2: one('spec', podSpec) };

const deployment: Message = {
  1: metadata,
  2: one('spec', {
    1: one('replicas', 'int'),
    2: one('selector', labelSelector),
    3: one('template', template),
    4: one('strategy', { 1: one('type') }),
    5: one('minReadySeconds', 'int'),
    7: one('paused', 'bool'),
  }),
  3: status,
};

const job: Message = {
  1: metadata,
  2: one('spec', {
    1: one('parallelism', 'int'),
    2: one('completions', 'int'),
    6: one('template', template),
    7: one('backoffLimit', 'int'),
  }),
  3: status,
};

const servicePort: Message = {
  1: one('name'),
  2: one('protocol'),
  3: one('port', 'int'),
  4: one('targetPort', 'intOrString'),
  5: one('nodePort', 'int'),
  6: one('appProtocol'),
};
const serviceStrings = {
  3: 'clusterIP',
  4: 'type',
  7: 'sessionAffinity',
  8: 'loadBalancerIP',
  10: 'externalName',
};
const service: Message = {
  1: metadata,
  2: one('spec', {
    1: list('ports', servicePort),
    2: map('selector'),
    ...Object.fromEntries(Object.entries(serviceStrings).map(([number, name]) => [number, one(name)])),
    11: one('externalTrafficPolicy'),
    12: one('healthCheckNodePort', 'int'),
    13: one('publishNotReadyAddresses', 'bool'),
  }),
  3: status,
};

const RBAC = 'rbac.authorization.k8s.io/v1';
const AUTHORIZATION = 'authorization.k8s.io/v1';
const AUTHENTICATION = 'authentication.k8s.io/v1';

/** What kubectl's own commands (create, scale, auth, expose) send in protobuf; manifests travel as JSON. */
export const MESSAGES: Record<string, Message> = {
  'v1/ConfigMap': { 1: metadata, 2: map('data'), 3: map('binaryData', 'bytes'), 4: one('immutable', 'bool') },
  'v1/Secret': {
    1: metadata,
    2: map('data', 'bytes'),
    3: one('type'),
    4: map('stringData'),
    5: one('immutable', 'bool'),
  },
  'v1/Namespace': {
    1: metadata,
    2: one('spec', { 1: list('finalizers') }),
    3: status,
  },
  'v1/ServiceAccount': {
    1: metadata,
    2: list('secrets', { 1: one('kind'), 2: one('namespace'), 3: one('name') }),
    3: list('imagePullSecrets', reference),
    4: one('automountServiceAccountToken', 'bool'),
  },
  'v1/Service': service,
  'apps/v1/Deployment': deployment,
  'batch/v1/Job': job,
  'autoscaling/v1/Scale': {
    1: metadata,
    2: one('spec', { 1: one('replicas', 'int') }),
    3: one('status', 'ignored'),
  },
  'policy/v1/Eviction': { 1: metadata, 2: one('deleteOptions', { 1: one('gracePeriodSeconds', 'int') }) },
  [`${RBAC}/Role`]: role,
  [`${RBAC}/ClusterRole`]: role,
  [`${RBAC}/RoleBinding`]: binding,
  [`${RBAC}/ClusterRoleBinding`]: binding,
  [`${AUTHENTICATION}/TokenRequest`]: {
    1: metadata,
    2: one('spec', {
      1: list('audiences'),
      3: one('boundObjectRef', { 1: one('kind'), 2: one('apiVersion'), 3: one('name'), 4: one('uid') }),
      4: one('expirationSeconds', 'int'),
    }),
    3: status,
  },
  [`${AUTHENTICATION}/SelfSubjectReview`]: { 1: metadata, 2: status },
  [`${AUTHORIZATION}/SelfSubjectAccessReview`]: {
    1: metadata,
    2: one('spec', {
      1: one('resourceAttributes', resourceAttributes),
      2: one('nonResourceAttributes', nonResourceAttributes),
    }),
    3: status,
  },
  [`${AUTHORIZATION}/SubjectAccessReview`]: {
    1: metadata,
    2: one('spec', {
      1: one('resourceAttributes', resourceAttributes),
      2: one('nonResourceAttributes', nonResourceAttributes),
      3: one('user'),
      4: list('groups'),
      6: one('uid'),
    }),
    3: status,
  },
  [`${AUTHORIZATION}/SelfSubjectRulesReview`]: {
    1: metadata,
    2: one('spec', { 1: one('namespace') }),
    3: status,
  },
};
