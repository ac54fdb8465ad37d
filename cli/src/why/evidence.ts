import type {
  Condition,
  ContainerStatus,
  ObservedConnector,
  ObservedDeployment,
  ObservedEvent,
  ObservedJob,
  ObservedPod,
  ObservedVault,
} from '../cluster/observed.ts';

/** What can be asked about. */
export type Subject =
  | { kind: 'PaymentVault'; object: ObservedVault }
  | { kind: 'PSPConnector'; object: ObservedConnector }
  | { kind: 'Deployment'; object: ObservedDeployment }
  | { kind: 'Job'; object: ObservedJob }
  | { kind: 'Pod'; object: ObservedPod };

/** A Deployment or a Job, with the pods that it made. */
export interface Workload {
  kind: 'Deployment' | 'Job';
  object: ObservedDeployment | ObservedJob;
  pods: ObservedPod[];
}

/** Everything that a cause is found in; gathered once, and looked at by pure checks. */
export interface Evidence {
  subject: Subject;
  workloads: Workload[];
  /** Pods that are looked at by themselves; those of `workloads` are there. */
  pods: ObservedPod[];
  /** Warnings about the subject, its workloads and their pods, newest first. */
  events: ObservedEvent[];
  /** Last lines that a container wrote before it ended, by `pod/container`. */
  logs: ReadonlyMap<string, readonly string[]>;
  /** Milliseconds since somebody led as the operator; undefined when that is not known. */
  operatorSilentMs: number | undefined;
  operatorNamespace: string;
}

/** Why something is not as it should be. */
export interface Cause {
  /** Name of the check that found it. */
  check: string;
  /** One line. */
  cause: string;
  /** What it is known from. */
  support: string[];
  /** The next step: a command. */
  next: string;
}

/** Looks at one thing and says what is wrong with it, or nothing. */
export interface Check<I> {
  name: string;
  find(input: I): Omit<Cause, 'check'> | undefined;
}

/** The first check that finds something decides. */
export function firstCause<I>(checks: readonly Check<I>[], input: I): Cause | undefined {
  for (const check of checks) {
    const found = check.find(input);
    if (found !== undefined) return { check: check.name, ...found };
  }
  return undefined;
}

export function conditionOf(
  object: { status?: { conditions?: readonly Condition[] | undefined } | undefined },
  type: string,
): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

/** `Job=Failed BackoffLimitExceeded: ...`, for the supporting lines. */
export function conditionText({ type, status, reason = '', message = '' }: Condition): string {
  return `condition ${type}=${status}${reason === '' ? '' : ` ${reason}`}${message === '' ? '' : `: ${message}`}`;
}

export function eventText(event: ObservedEvent): string {
  const { kind = '', name = '' } = event.involvedObject ?? {};
  const times = (event.count ?? 1) > 1 ? ` (${event.count} times)` : '';
  return `event ${event.reason ?? ''} of ${kind.toLowerCase()}/${name}${times}: ${event.message ?? ''}`;
}

export function containersOf(pod: ObservedPod): ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

export function eventsAbout(evidence: Evidence, object: { metadata: { uid?: string } }): ObservedEvent[] {
  return evidence.events.filter(({ involvedObject }) => involvedObject?.uid === object.metadata.uid);
}
