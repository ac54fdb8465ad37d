import type { ContainerStatus, ObservedPod, Terminated } from '../cluster/observed.ts';
import {
  type Cause,
  type Check,
  conditionOf,
  conditionText,
  containersOf,
  type Evidence,
  eventsAbout,
  eventText,
  firstCause,
} from './evidence.ts';
import { lastWords } from './log-lines.ts';
import { missingObject } from './missing-object.ts';

interface PodInput {
  evidence: Evidence;
  pod: ObservedPod;
}

type Found = Omit<Cause, 'check'> | undefined;

const IMAGE_REASONS = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'];
const START_REASONS = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'];

/** What can be wrong with a pod, the most telling first. */
const POD_CHECKS: readonly Check<PodInput>[] = [
  { name: 'pod-evicted', find: evicted },
  { name: 'pod-unschedulable', find: unschedulable },
  { name: 'pod-config-missing', find: configMissing },
  { name: 'image-pull', find: (input) => eachContainer(input, imagePull) },
  { name: 'container-start', find: (input) => eachContainer(input, cannotStart) },
  { name: 'out-of-memory', find: (input) => eachContainer(input, outOfMemory) },
  { name: 'container-crashing', find: (input) => eachContainer(input, crashing) },
  { name: 'pod-not-ready', find: (input) => eachContainer(input, notReady) },
  { name: 'pod-not-started', find: notStarted },
];

/** The first trouble among pods, the newest first; those that are being deleted are left alone. */
export function podCause(evidence: Evidence, pods: readonly ObservedPod[]): Cause | undefined {
  return pods
    .filter(
      ({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded',
    )
    .toSorted(newestFirst)
    .map((pod) => firstCause(POD_CHECKS, { evidence, pod }))
    .find((cause) => cause !== undefined);
}

function newestFirst(a: ObservedPod, b: ObservedPod): number {
  const key = ({ metadata }: ObservedPod) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  return key(a) < key(b) ? 1 : -1;
}

function eachContainer(input: PodInput, find: (input: PodInput, container: ContainerStatus) => Found): Found {
  return containersOf(input.pod)
    .map((container) => find(input, container))
    .find((found) => found !== undefined);
}

function evicted({ pod }: PodInput): Found {
  const { reason, message = '' } = pod.status ?? {};
  if (reason !== 'Evicted') return undefined;
  return {
    cause: `pod ${pod.metadata.name} was evicted: ${message}`,
    support: [`status.reason ${reason}`],
    next: 'kubectl describe nodes',
  };
}

function unschedulable({ pod }: PodInput): Found {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  return {
    cause: `no node takes pod ${pod.metadata.name}: ${scheduled.message ?? scheduled.reason ?? ''}`,
    support: [conditionText(scheduled)],
    next: `kubectl describe nodes`,
  };
}

/** The kubelet says so in the waiting container, or only in the event about a volume. */
function configMissing({ evidence, pod }: PodInput): Found {
  const waiting = containersOf(pod).map(({ name, state }) => ({
    text: state?.waiting?.message ?? '',
    support: `container ${name} waits: ${state?.waiting?.reason}: ${state?.waiting?.message}`,
  }));
  const mounts = pod.status?.phase === 'Pending' ? eventsAbout(evidence, pod) : [];
  const told = mounts
    .filter(({ reason }) => reason === 'FailedMount')
    .map((event) => ({ text: event.message ?? '', support: eventText(event) }));
  for (const { text, support } of [...waiting, ...told]) {
    const missing = missingObject(text, evidence, pod.metadata.namespace ?? '');
    if (missing !== undefined)
      return { ...missing, support: [support, `pod ${pod.metadata.name} waits for it`] };
  }
  const [event] = told;
  if (event === undefined) return undefined;
  return {
    cause: `pod ${pod.metadata.name} cannot mount a volume: ${event.text}`,
    support: [event.support],
    next: describe(pod),
  };
}

function imagePull({ pod }: PodInput, { name, state }: ContainerStatus): Found {
  const { reason = '', message = '' } = state?.waiting ?? {};
  if (!IMAGE_REASONS.includes(reason)) return undefined;
  return {
    cause: `pod ${pod.metadata.name} cannot pull the image of container ${name}: ${message || reason}`,
    support: [`container ${name} waits: ${reason}`],
    next: `kubectl -n ${pod.metadata.namespace} get pod ${pod.metadata.name} -o jsonpath='{.spec.containers[*].image}{"\\n"}'`,
  };
}

function cannotStart({ pod }: PodInput, { name, state }: ContainerStatus): Found {
  const { reason = '', message = '' } = state?.waiting ?? {};
  if (!START_REASONS.includes(reason)) return undefined;
  return {
    cause: `container ${name} of pod ${pod.metadata.name} cannot start: ${message || reason}`,
    support: [`container ${name} waits: ${reason}`],
    next: describe(pod),
  };
}

function outOfMemory({ evidence, pod }: PodInput, container: ContainerStatus): Found {
  const ended = endOf(container);
  if (ended?.reason !== 'OOMKilled') return undefined;
  const owner =
    evidence.subject.kind === 'PSPConnector' ? evidence.subject.object.spec.vaultRef.name : undefined;
  const vault = owner ?? pod.metadata.labels?.['payments.cofferdam.dev/vault'];
  const namespace = pod.metadata.namespace;
  return {
    cause: `container ${container.name} of pod ${pod.metadata.name} was killed: it needed more memory than its limit`,
    support: endText(container, ended),
    next:
      vault === undefined
        ? describe(pod)
        : `kubectl -n ${namespace} edit paymentvault ${vault}   # raise spec.scaling.<component>.resources.limits.memory`,
  };
}

function crashing({ evidence, pod }: PodInput, container: ContainerStatus): Found {
  const ended = endOf(container);
  const failed = ended !== undefined && ended.exitCode !== 0;
  const looping = container.state?.waiting?.reason === 'CrashLoopBackOff';
  // One that runs again and is ready has got over it.
  if (!looping && (!failed || container.ready)) return undefined;
  const { name, namespace } = pod.metadata;
  const lines = evidence.logs.get(`${name}/${container.name}`) ?? [];
  const words = lastWords(lines) ?? ended?.message?.trim();
  const code = ended?.exitCode === undefined ? '' : ` with exit status ${ended.exitCode}`;
  const previous = container.state?.terminated === undefined ? ' --previous' : '';
  return {
    cause: `container ${container.name} of pod ${name} ends${code}${words ? `: ${words}` : ' and says nothing'}`,
    support: [...endText(container, ended), ...lines.map((line) => `log: ${line}`)],
    next: `kubectl -n ${namespace} logs ${name} -c ${container.name}${previous}`,
  };
}

function notReady({ evidence, pod }: PodInput, { name, ready, state }: ContainerStatus): Found {
  if (ready !== false || state?.running === undefined) return undefined;
  const probe = eventsAbout(evidence, pod).find(({ reason }) => reason === 'Unhealthy');
  const since = state.running.startedAt === undefined ? '' : ` (running since ${state.running.startedAt})`;
  return {
    cause: `container ${name} of pod ${pod.metadata.name} runs and is not ready${probe?.message ? `: ${probe.message}` : since}`,
    support: probe === undefined ? [`container ${name}: ready is false${since}`] : [eventText(probe)],
    next: `kubectl -n ${pod.metadata.namespace} logs ${pod.metadata.name} -c ${name} --tail=50`,
  };
}

function notStarted({ evidence, pod }: PodInput): Found {
  if (pod.status?.phase !== undefined && pod.status.phase !== 'Pending') return undefined;
  const [event] = eventsAbout(evidence, pod);
  const waits = containersOf(pod).flatMap(({ name, state }) =>
    state?.waiting?.reason === undefined ? [] : [`container ${name} waits: ${state.waiting.reason}`],
  );
  const where =
    pod.spec?.nodeName === undefined ? 'no node has taken it yet' : 'its node has not started it yet';
  return {
    cause: `pod ${pod.metadata.name} is pending: ${event?.message ?? where}`,
    support: [...(event === undefined ? [] : [eventText(event)]), ...waits],
    next: describe(pod),
  };
}

function endOf(container: ContainerStatus): Terminated | undefined {
  return container.state?.terminated ?? container.lastState?.terminated;
}

function endText({ name, restartCount = 0 }: ContainerStatus, ended: Terminated | undefined): string[] {
  if (ended === undefined) return [`container ${name}: ${restartCount} restarts`];
  const { reason = 'ended', exitCode, finishedAt } = ended;
  const at = finishedAt === undefined ? '' : ` at ${finishedAt}`;
  return [`container ${name}: ${reason}, exit status ${exitCode}${at}, ${restartCount} restarts`];
}

function describe({ metadata }: ObservedPod): string {
  return `kubectl -n ${metadata.namespace} describe pod ${metadata.name}`;
}
