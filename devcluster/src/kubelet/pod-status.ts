import { type Condition, withCondition } from '../controllers/conditions.ts';
import type { Pod, PodStatus } from '../controllers/objects.ts';
import { type ContainerRecord, containerStatus } from './container-record.ts';

export type PodObservation = {
  pod: Pod;
  podIp: string;
  hostIp: string;
  startTime: string;
  /** Volumes are there. */
  sandboxReady: boolean;
  init: ContainerRecord[];
  containers: ContainerRecord[];
  now: Date;
};

const OURS = ['PodScheduled', 'PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready'];

/** The status of a pod, from what is known of its containers. */
export function podStatus(observation: PodObservation): PodStatus {
  const { pod, init, containers, podIp, hostIp, now } = observation;
  const phase = podPhase(observation);
  const before = (pod.status?.conditions ?? []) as Condition[];
  const conditions = verdicts(observation, phase).reduce<Condition[]>(
    (all, verdict) => withCondition(all, verdict, now),
    before.filter(({ type }) => OURS.includes(type)),
  );
  const foreign = before.filter(({ type }) => !OURS.includes(type));
  return {
    observedGeneration: pod.metadata.generation ?? 1,
    phase,
    conditions: [...conditions, ...foreign] as NonNullable<PodStatus['conditions']>,
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    startTime: observation.startTime,
    ...(init.length === 0 ? {} : { initContainerStatuses: init.map(containerStatus) }),
    containerStatuses: containers.map(containerStatus),
    qosClass: qosClass(pod),
  };
}

const succeeded = ({ state, finished }: ContainerRecord): boolean =>
  finished && state.terminated?.exitCode === 0;

function podPhase({ init, containers }: PodObservation): NonNullable<PodStatus['phase']> {
  if (init.some((record) => record.finished && !succeeded(record))) return 'Failed';
  if (init.some((record) => !record.finished)) return 'Pending';
  if (containers.every(({ finished }) => finished))
    return containers.every(succeeded) ? 'Succeeded' : 'Failed';
  const untouched = ({ state, restartCount }: ContainerRecord): boolean =>
    state.waiting !== undefined && restartCount === 0;
  return containers.some(untouched) ? 'Pending' : 'Running';
}

function verdicts(observation: PodObservation, phase: string): Condition[] {
  const { init, containers, sandboxReady } = observation;
  const initialized = init.every(succeeded);
  const unready = containers.filter((record) => !containerStatus(record).ready).map(({ name }) => name);
  const completed = phase === 'Succeeded';
  const list = (names: string[]): string => `[${names.join(' ')}]`;
  const notReady: Omit<Condition, 'type'> = completed
    ? { status: 'False', reason: 'PodCompleted' }
    : phase === 'Failed'
      ? { status: 'False', reason: 'PodFailed' }
      : {
          status: 'False',
          reason: 'ContainersNotReady',
          message: `containers with unready status: ${list(unready)}`,
        };
  const ready = unready.length === 0 && initialized && phase === 'Running' ? { status: 'True' } : notReady;
  const incomplete = init.filter((record) => !succeeded(record)).map(({ name }) => name);
  return [
    { type: 'PodReadyToStartContainers', status: sandboxReady ? 'True' : 'False' },
    initialized
      ? { type: 'Initialized', status: 'True', ...(completed ? { reason: 'PodCompleted' } : {}) }
      : {
          type: 'Initialized',
          status: 'False',
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: ${list(incomplete)}`,
        },
    { type: 'Ready', ...ready },
    { type: 'ContainersReady', ...ready },
    { type: 'PodScheduled', status: 'True' },
  ];
}

/** Guaranteed, Burstable or BestEffort, from requests and limits, by Kubernetes' rule. */
export function qosClass(pod: Pod): string {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const all = containers.map(({ resources = {} }) => resources);
  if (all.every(({ requests = {}, limits = {} }) => Object.keys({ ...requests, ...limits }).length === 0)) {
    return 'BestEffort';
  }
  const guaranteed = all.every(({ requests = {}, limits = {} }) =>
    ['cpu', 'memory'].every(
      (name) => limits[name] !== undefined && (requests[name] ?? limits[name]) === limits[name],
    ),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
