import { isKubeError, type KubeObject, RESOURCES, resourcePath } from '@cofferdam/operator/engine';
import type { Cluster } from '../cluster/connect.ts';
import type {
  ContainerStatus,
  ObservedDeployment,
  ObservedEvent,
  ObservedJob,
  ObservedPod,
} from '../cluster/observed.ts';
import { CliError } from '../errors.ts';
import { containersOf, type Evidence, type Subject, type Workload } from './evidence.ts';
import { LOG_LINES } from './log-lines.ts';
import type { SubjectName } from './subject.ts';

export interface GatherOptions {
  operatorNamespace: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Everything that may say why. Only the subject itself has to be readable: what we may not see stays unknown.
 * @throws CliError `not_found`
 */
export async function gatherEvidence(
  cluster: Cluster,
  { kind, resource, name }: SubjectName,
  { operatorNamespace, now }: GatherOptions,
): Promise<Evidence> {
  const { client, namespace } = cluster;
  const object = await client.get<KubeObject>(resource, { namespace, name }).catch((error) => {
    if (!isKubeError(error, 'not_found')) throw error;
    const list = `kubectl -n ${namespace} get ${resource.plural}`;
    throw new CliError(
      'not_found',
      `${kind} ${namespace}/${name} not found: see ${list}, or name another -n`,
      error,
    );
  });
  // The resource was asked for by this kind.
  const subject = { kind, object } as Subject;
  const [deployments, jobs, pods, events, operatorSilentMs] = await Promise.all([
    visible(client.list<ObservedDeployment>(RESOURCES.deployments, { namespace })),
    visible(client.list<ObservedJob>(RESOURCES.jobs, { namespace })),
    visible(client.list<ObservedPod>(RESOURCES.pods, { namespace })),
    visible(client.list<ObservedEvent>(RESOURCES.events, { namespace, fieldSelector: 'type=Warning' })),
    operatorSilence(cluster, operatorNamespace, now),
  ]);
  const workloads = workloadsOf(subject, { deployments, jobs, pods });
  const concerned =
    subject.kind === 'Pod' ? [subject.object] : [...new Set(workloads.flatMap((one) => one.pods))];
  return {
    subject,
    workloads,
    pods: concerned,
    events: events.toSorted((a, b) => lastSeen(b) - lastSeen(a)),
    logs: await logsOf(cluster, concerned),
    operatorSilentMs,
    operatorNamespace,
  };
}

async function visible<T>(list: Promise<{ items: T[] }>): Promise<T[]> {
  try {
    return (await list).items;
  } catch (error) {
    if (isKubeError(error, 'forbidden')) return [];
    throw error;
  }
}

function workloadsOf(
  subject: Subject,
  all: { deployments: ObservedDeployment[]; jobs: ObservedJob[]; pods: ObservedPod[] },
): Workload[] {
  const { uid } = subject.object.metadata;
  const mine = (object: KubeObject) => object.metadata.uid === uid || isOwnedBy(object, uid);
  return [
    // A migration comes before the roll-out that waits for it.
    ...all.jobs.filter(mine).map(
      (object): Workload => ({
        kind: 'Job',
        object,
        pods: all.pods.filter((pod) => isOwnedBy(pod, object.metadata.uid)),
      }),
    ),
    ...all.deployments.filter(mine).map(
      (object): Workload => ({
        kind: 'Deployment',
        object,
        pods: all.pods.filter((pod) => isSelected(pod, object.spec?.selector?.matchLabels)),
      }),
    ),
  ];
}

function isOwnedBy({ metadata }: KubeObject, uid: string | undefined): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}

function isSelected({ metadata }: KubeObject, labels: Record<string, string> | undefined): boolean {
  const wanted = Object.entries(labels ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => metadata.labels?.[key] === value);
}

function lastSeen({ lastTimestamp, eventTime, firstTimestamp }: ObservedEvent): number {
  return Date.parse(lastTimestamp ?? eventTime ?? firstTimestamp ?? '') || 0;
}

/** A Job may leave many failed pods behind: no more logs than this are asked for. */
const LOGS = 24;

/** Of containers that ended badly; a kubelet that is away has no logs, and the rest is still worth saying. */
async function logsOf({ client }: Cluster, pods: readonly ObservedPod[]): Promise<Evidence['logs']> {
  const ended = pods.flatMap((pod) =>
    containersOf(pod)
      .filter(hasFailed)
      .map((container) => ({ pod, container })),
  );
  const read = ended.slice(0, LOGS).map(async ({ pod, container }) => {
    const query = new URLSearchParams({
      container: container.name,
      tailLines: String(LOG_LINES),
      ...(container.state?.terminated === undefined ? { previous: 'true' } : {}),
    });
    const path = `${resourcePath(RESOURCES.pods, pod.metadata, 'log')}?${query}`;
    const text = await client.raw(path, { accept: '*/*' }).catch((error) => {
      if (isKubeError(error)) return '';
      throw error;
    });
    const lines = text.split('\n').filter((line) => line !== '');
    return [`${pod.metadata.name}/${container.name}`, lines.slice(-LOG_LINES)] as const;
  });
  return new Map(await Promise.all(read));
}

function hasFailed({ state, lastState }: ContainerStatus): boolean {
  return [state?.terminated, lastState?.terminated].some(
    (ended) => ended !== undefined && ended.exitCode !== 0,
  );
}

type Lease = KubeObject & { spec?: { renewTime?: string } };

/** How long nobody has led; infinite when nobody ever has, undefined when we may not know. */
async function operatorSilence(
  { client }: Cluster,
  namespace: string,
  now: number,
): Promise<number | undefined> {
  try {
    const lease = await client.get<Lease>(RESOURCES.leases, { namespace, name: 'cofferdam-operator' });
    const renewed = Date.parse(lease.spec?.renewTime ?? '');
    return Number.isNaN(renewed) ? Number.POSITIVE_INFINITY : now - renewed;
  } catch (error) {
    if (isKubeError(error, 'not_found')) return Number.POSITIVE_INFINITY;
    if (isKubeError(error, 'forbidden')) return undefined;
    throw error;
  }
}
