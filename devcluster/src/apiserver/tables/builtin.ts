import { type KubeObject, listAt, member, numberAt, objectAt, stringAt } from '../object.ts';
import type { TableDefinition } from '../resources/resource.ts';
import { age } from './age.ts';
import { AGE, orNone, table } from './columns.ts';
import { podTable } from './pod.ts';
import { endpointSliceTable, ingressTable, networkPolicyTable, serviceTable } from './services.ts';
import {
  cronJobTable,
  daemonSetTable,
  deploymentTable,
  jobTable,
  replicaSetTable,
  statefulSetTable,
} from './workloads.ts';

const text = (object: KubeObject, ...path: string[]): string => stringAt(object, ...path) ?? '';

function dataCount(object: KubeObject): number {
  return Object.keys(objectAt(object, 'data')).length + Object.keys(objectAt(object, 'binaryData')).length;
}

function nodeStatus(object: KubeObject): string {
  const ready = listAt(object, 'status', 'conditions').find((c) => stringAt(c, 'type') === 'Ready');
  const status =
    stringAt(ready, 'status') === 'True' ? 'Ready' : ready === undefined ? 'Unknown' : 'NotReady';
  return member(object, 'spec', 'unschedulable') === true ? `${status},SchedulingDisabled` : status;
}

function nodeRoles(object: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(object.metadata.labels ?? {}).flatMap((key) =>
    key.startsWith(prefix) ? [key.slice(prefix.length)] : [],
  );
  return orNone(roles.sort().join(','));
}

/** An event is shown without its name: what happened to what matters. */
const eventTable: TableDefinition = {
  columns: ['Last Seen', 'Type', 'Reason', 'Object']
    .map((name) => ({ name, type: 'string', format: '', description: '', priority: 0 }))
    .concat([
      { name: 'Subobject', type: 'string', format: '', description: '', priority: 1 },
      { name: 'Source', type: 'string', format: '', description: '', priority: 1 },
      { name: 'Message', type: 'string', format: '', description: '', priority: 0 },
      { name: 'First Seen', type: 'string', format: '', description: '', priority: 1 },
      { name: 'Count', type: 'string', format: '', description: '', priority: 1 },
      { name: 'Name', type: 'string', format: 'name', description: '', priority: 1 },
    ]),
  cells: (object, now) => {
    const about = member(object, 'involvedObject') ?? member(object, 'regarding');
    const first =
      stringAt(object, 'firstTimestamp') ??
      stringAt(object, 'deprecatedFirstTimestamp') ??
      text(object, 'eventTime');
    const last =
      stringAt(object, 'series', 'lastObservedTime') ??
      stringAt(object, 'lastTimestamp') ??
      stringAt(object, 'deprecatedLastTimestamp') ??
      first;
    const since = (time: string): string => (time === '' ? '<unknown>' : age(time, now));
    return [
      since(last),
      text(object, 'type'),
      text(object, 'reason'),
      `${(stringAt(about, 'kind') ?? '').toLowerCase()}/${stringAt(about, 'name') ?? ''}`,
      stringAt(about, 'fieldPath') ?? '',
      stringAt(object, 'source', 'component') ?? stringAt(object, 'reportingComponent') ?? '',
      (stringAt(object, 'message') ?? text(object, 'note')).trim(),
      since(first),
      numberAt(object, 'count') ?? numberAt(object, 'series', 'count') ?? 1,
      object.metadata.name,
    ];
  },
};

const bindingTable = table([
  { name: 'Role', cell: (o) => `${text(o, 'roleRef', 'kind')}/${text(o, 'roleRef', 'name')}` },
  AGE,
  ...(['User', 'Group', 'ServiceAccount'] as const).map((kind) => ({
    name: kind === 'ServiceAccount' ? 'ServiceAccounts' : `${kind}s`,
    wide: true,
    cell: (object: KubeObject) =>
      listAt(object, 'subjects')
        .filter((subject) => stringAt(subject, 'kind') === kind)
        .map((subject) =>
          kind === 'ServiceAccount'
            ? `${stringAt(subject, 'namespace') ?? ''}/${stringAt(subject, 'name')}`
            : stringAt(subject, 'name'),
        )
        .join(', '),
  })),
]);

function budgetSide(object: KubeObject, key: string): string {
  const value = member(object, 'spec', key);
  return value === undefined ? 'N/A' : String(value);
}

function autoscalerTargets(object: KubeObject): string {
  const target = (metric: unknown): string => {
    const percent = numberAt(metric, 'resource', 'target', 'averageUtilization');
    return `${stringAt(metric, 'resource', 'name') ?? 'metric'}: <unknown>/${percent === undefined ? '<auto>' : `${percent}%`}`;
  };
  return orNone(listAt(object, 'spec', 'metrics').map(target).join(', '));
}

const TABLES: Record<string, TableDefinition> = {
  '/ConfigMap': table([{ name: 'Data', cell: dataCount }, AGE]),
  '/Event': eventTable,
  '/Namespace': table([{ name: 'Status', cell: (o) => text(o, 'status', 'phase') }, AGE]),
  '/Node': table([
    { name: 'Status', cell: nodeStatus },
    { name: 'Roles', cell: nodeRoles },
    AGE,
    { name: 'Version', cell: (o) => text(o, 'status', 'nodeInfo', 'kubeletVersion') },
  ]),
  '/PersistentVolumeClaim': table([
    { name: 'Status', cell: (o) => text(o, 'status', 'phase') },
    { name: 'Volume', cell: (o) => text(o, 'spec', 'volumeName') },
    { name: 'Capacity', cell: (o) => text(o, 'status', 'capacity', 'storage') },
    { name: 'Access Modes', cell: (o) => listAt(o, 'status', 'accessModes').join(',') },
    { name: 'StorageClass', cell: (o) => text(o, 'spec', 'storageClassName') },
    { name: 'VolumeAttributesClass', cell: () => '<unset>' },
    AGE,
    { name: 'VolumeMode', wide: true, cell: (o) => text(o, 'spec', 'volumeMode') },
  ]),
  '/Pod': podTable,
  '/Secret': table([{ name: 'Type', cell: (o) => text(o, 'type') }, { name: 'Data', cell: dataCount }, AGE]),
  '/Service': serviceTable,
  '/ServiceAccount': table([AGE]),
  'apps/DaemonSet': daemonSetTable,
  'apps/Deployment': deploymentTable,
  'apps/ReplicaSet': replicaSetTable,
  'apps/StatefulSet': statefulSetTable,
  'autoscaling/HorizontalPodAutoscaler': table([
    {
      name: 'Reference',
      cell: (o) =>
        `${text(o, 'spec', 'scaleTargetRef', 'kind')}/${text(o, 'spec', 'scaleTargetRef', 'name')}`,
    },
    { name: 'Targets', cell: autoscalerTargets },
    { name: 'MinPods', cell: (o) => String(numberAt(o, 'spec', 'minReplicas') ?? '<unset>') },
    { name: 'MaxPods', type: 'integer', cell: (o) => numberAt(o, 'spec', 'maxReplicas') ?? 0 },
    { name: 'Replicas', type: 'integer', cell: (o) => numberAt(o, 'status', 'currentReplicas') ?? 0 },
    AGE,
  ]),
  'batch/CronJob': cronJobTable,
  'batch/Job': jobTable,
  'coordination.k8s.io/Lease': table([
    { name: 'Holder', cell: (o) => text(o, 'spec', 'holderIdentity') },
    AGE,
  ]),
  'discovery.k8s.io/EndpointSlice': endpointSliceTable,
  'events.k8s.io/Event': eventTable,
  'networking.k8s.io/Ingress': ingressTable,
  'networking.k8s.io/NetworkPolicy': networkPolicyTable,
  'policy/PodDisruptionBudget': table([
    { name: 'Min Available', cell: (o) => budgetSide(o, 'minAvailable') },
    { name: 'Max Unavailable', cell: (o) => budgetSide(o, 'maxUnavailable') },
    {
      name: 'Allowed Disruptions',
      type: 'integer',
      cell: (o) => numberAt(o, 'status', 'disruptionsAllowed') ?? 0,
    },
    AGE,
  ]),
  'rbac.authorization.k8s.io/ClusterRoleBinding': bindingTable,
  'rbac.authorization.k8s.io/RoleBinding': bindingTable,
};

/** The columns of a built-in kind; undefined for those that only have a name and a time. */
export function builtinTable(group: string, kind: string): TableDefinition | undefined {
  return TABLES[`${group}/${kind}`];
}
