import { selectorText } from '../handlers/scale.ts';
import { type KubeObject, listAt, member, numberAt, stringAt } from '../object.ts';
import type { TableDefinition } from '../resources/resource.ts';
import { age, humanDuration } from './age.ts';
import { AGE, type Column, NONE, orNone, table } from './columns.ts';

const count = (object: KubeObject, ...path: string[]): number => numberAt(object, ...path) ?? 0;

function containerColumns(...template: string[]): Column[] {
  const containers = (object: KubeObject): unknown[] => listAt(object, ...template, 'spec', 'containers');
  return [
    {
      name: 'Containers',
      wide: true,
      cell: (object) =>
        containers(object)
          .map((c) => stringAt(c, 'name'))
          .join(','),
    },
    {
      name: 'Images',
      wide: true,
      cell: (object) =>
        containers(object)
          .map((c) => stringAt(c, 'image'))
          .join(','),
    },
  ];
}

const selector: Column = {
  name: 'Selector',
  wide: true,
  cell: (object) => orNone(selectorText(member(object, 'spec', 'selector'))),
};

const ofTemplate = containerColumns('spec', 'template');

export const deploymentTable = table([
  { name: 'Ready', cell: (o) => `${count(o, 'status', 'readyReplicas')}/${count(o, 'spec', 'replicas')}` },
  { name: 'Up-to-date', cell: (o) => count(o, 'status', 'updatedReplicas') },
  { name: 'Available', cell: (o) => count(o, 'status', 'availableReplicas') },
  AGE,
  ...ofTemplate,
  selector,
]);

export const replicaSetTable = table([
  { name: 'Desired', type: 'integer', cell: (o) => count(o, 'spec', 'replicas') },
  { name: 'Current', type: 'integer', cell: (o) => count(o, 'status', 'replicas') },
  { name: 'Ready', type: 'integer', cell: (o) => count(o, 'status', 'readyReplicas') },
  AGE,
  ...ofTemplate,
  selector,
]);

export const statefulSetTable = table([
  { name: 'Ready', cell: (o) => `${count(o, 'status', 'readyReplicas')}/${count(o, 'spec', 'replicas')}` },
  AGE,
  ...ofTemplate,
]);

export const daemonSetTable = table([
  { name: 'Desired', type: 'integer', cell: (o) => count(o, 'status', 'desiredNumberScheduled') },
  { name: 'Current', type: 'integer', cell: (o) => count(o, 'status', 'currentNumberScheduled') },
  { name: 'Ready', type: 'integer', cell: (o) => count(o, 'status', 'numberReady') },
  { name: 'Up-to-date', type: 'integer', cell: (o) => count(o, 'status', 'updatedNumberScheduled') },
  { name: 'Available', type: 'integer', cell: (o) => count(o, 'status', 'numberAvailable') },
  AGE,
  ...ofTemplate,
  selector,
]);

function jobStatus(object: KubeObject): string {
  const holds = (type: string): boolean =>
    listAt(object, 'status', 'conditions').some(
      (c) => stringAt(c, 'type') === type && stringAt(c, 'status') === 'True',
    );
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (holds('Suspended')) return 'Suspended';
  return holds('FailureTarget')
    ? 'FailureTarget'
    : holds('SuccessCriteriaMet')
      ? 'SuccessCriteriaMet'
      : 'Running';
}

function jobDuration(object: KubeObject, now: number): string {
  const start = stringAt(object, 'status', 'startTime');
  if (start === undefined) return '';
  const end = stringAt(object, 'status', 'completionTime');
  return humanDuration((end === undefined ? now : Date.parse(end)) - Date.parse(start));
}

export const jobTable = table([
  { name: 'Status', cell: jobStatus },
  {
    name: 'Completions',
    cell: (o) => `${count(o, 'status', 'succeeded')}/${numberAt(o, 'spec', 'completions') ?? 1}`,
  },
  { name: 'Duration', cell: jobDuration },
  AGE,
  ...ofTemplate,
  selector,
]);

export const cronJobTable: TableDefinition = table([
  { name: 'Schedule', cell: (o) => stringAt(o, 'spec', 'schedule') ?? '' },
  { name: 'Timezone', cell: (o) => orNone(stringAt(o, 'spec', 'timeZone') ?? '') },
  { name: 'Suspend', cell: (o) => (member(o, 'spec', 'suspend') === true ? 'True' : 'False') },
  { name: 'Active', type: 'integer', cell: (o) => listAt(o, 'status', 'active').length },
  {
    name: 'Last Schedule',
    cell: (o, now) => {
      const last = stringAt(o, 'status', 'lastScheduleTime');
      return last === undefined ? NONE : age(last, now);
    },
  },
  AGE,
  ...containerColumns('spec', 'jobTemplate', 'spec', 'template'),
]);
