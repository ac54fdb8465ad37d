import { isObject, type KubeObject, listAt, member, numberAt, stringAt } from '../object.ts';
import { humanDuration } from './age.ts';
import { AGE, type Column, NONE, orNone, table } from './columns.ts';

function waitingReason(status: unknown): string | undefined {
  const reason = stringAt(status, 'state', 'waiting', 'reason');
  return reason === undefined || reason === '' ? undefined : reason;
}

function terminatedReason(status: unknown): string | undefined {
  const terminated = member(status, 'state', 'terminated');
  if (!isObject(terminated)) return undefined;
  const reason = stringAt(terminated, 'reason') ?? '';
  if (reason !== '') return reason;
  const signal = numberAt(terminated, 'signal') ?? 0;
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}`;
}

/** The first init container that is not through yet. */
function initReason(object: KubeObject): string | undefined {
  const statuses = listAt(object, 'status', 'initContainerStatuses');
  const total = listAt(object, 'spec', 'initContainers').length;
  for (const [i, status] of statuses.entries()) {
    const terminated = member(status, 'state', 'terminated');
    if (isObject(terminated) && numberAt(terminated, 'exitCode') === 0) continue;
    if (isObject(terminated)) return `Init:${terminatedReason(status)}`;
    const waiting = waitingReason(status);
    return waiting !== undefined && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${i}/${total}`;
  }
  return undefined;
}

function readyCount(object: KubeObject): number {
  return listAt(object, 'status', 'containerStatuses').filter(
    (status) => member(status, 'ready') === true && isObject(member(status, 'state', 'running')),
  ).length;
}

/** What kubectl calls the status of a pod: the most telling reason. */
export function podStatus(object: KubeObject): string {
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const init = initReason(object);
  if (init !== undefined) return init;
  const reason = stringAt(object, 'status', 'reason') ?? stringAt(object, 'status', 'phase') ?? '';
  const statuses = listAt(object, 'status', 'containerStatuses');
  const found = statuses
    .map((status) => waitingReason(status) ?? terminatedReason(status))
    .find((r) => r !== undefined);
  const running = statuses.some((status) => isObject(member(status, 'state', 'running')));
  if (found === 'Completed' && running) return readyCount(object) > 0 ? 'Running' : 'NotReady';
  return found ?? reason;
}

function restarts(object: KubeObject, now: number): string {
  const statuses = listAt(object, 'status', 'containerStatuses');
  const count = statuses.reduce<number>((sum, status) => sum + (numberAt(status, 'restartCount') ?? 0), 0);
  const last = statuses
    .map((status) => stringAt(status, 'lastState', 'terminated', 'finishedAt') ?? '')
    .sort()
    .at(-1);
  if (count === 0 || last === undefined || last === '') return String(count);
  return `${count} (${humanDuration(now - Date.parse(last))} ago)`;
}

const columns: Column[] = [
  { name: 'Ready', cell: (object) => `${readyCount(object)}/${listAt(object, 'spec', 'containers').length}` },
  { name: 'Status', cell: podStatus },
  { name: 'Restarts', cell: restarts },
  AGE,
  { name: 'IP', wide: true, cell: (object) => orNone(stringAt(object, 'status', 'podIP') ?? '') },
  { name: 'Node', wide: true, cell: (object) => orNone(stringAt(object, 'spec', 'nodeName') ?? '') },
  {
    name: 'Nominated Node',
    wide: true,
    cell: (object) => orNone(stringAt(object, 'status', 'nominatedNodeName') ?? ''),
  },
  { name: 'Readiness Gates', wide: true, cell: () => NONE },
];

export const podTable = table(columns);
