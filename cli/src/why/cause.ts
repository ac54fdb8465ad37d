import { CONDITION } from '@cofferdam/crds';
import type { Condition } from '../cluster/observed.ts';
import { duration } from '../output/age.ts';
import {
  type Cause,
  type Check,
  conditionOf,
  conditionText,
  type Evidence,
  eventsAbout,
  eventText,
  firstCause,
} from './evidence.ts';
import { nextStep, operatorLogs, type ResourceEvidence } from './next-step.ts';
import { podCause } from './pod-checks.ts';
import { workloadCause } from './workload-checks.ts';

/** A leader renews its lease every few seconds. */
const SILENT_MS = 60_000;
/** Conditions that sum up the others. */
const SUMMARIES: readonly string[] = ['Ready', 'Reconciling', 'Stalled'];
/** Reasons whose cause is to be found in a workload, which says more, and what the checks of pods call the same. */
const IN_WORKLOADS: Partial<Record<string, readonly string[]>> = {
  PodsNotReady: [],
  ImagePullFailed: ['image-pull'],
  PodsCrashing: ['container-crashing', 'out-of-memory'],
  PodConfigMissing: ['pod-config-missing'],
  RolloutStuck: [],
  MigrationRunning: [],
  MigrationFailed: [],
  DatabaseSecretMissing: ['pod-config-missing'],
  NotReported: [],
};

/** What can be wrong with a PaymentVault or a PSPConnector, by what its status says. */
const RESOURCE_CHECKS: readonly Check<ResourceEvidence>[] = [
  { name: 'deleting', find: deleting },
  { name: 'not-observed', find: notObserved },
  { name: 'stalled', find: (seen) => (isReady(seen) ? undefined : stalled(seen)) },
  { name: 'condition-false', find: (seen) => (isReady(seen) ? undefined : failing(seen, 'False')) },
  { name: 'not-ready', find: (seen) => (isReady(seen) ? undefined : notReady(seen)) },
];

/** Why the subject is not as it should be; nothing when it is. */
export function causeOf(evidence: Evidence): Cause | undefined {
  const { subject, workloads } = evidence;
  if (subject.kind === 'Pod') return podCause(evidence, [subject.object]);
  if (subject.kind === 'Deployment' || subject.kind === 'Job')
    return workloads.map((workload) => workloadCause(evidence, workload)).find((one) => one !== undefined);
  const seen = { ...evidence, subject };
  const found = firstCause(RESOURCE_CHECKS, seen);
  const silent = silence(seen);
  if (found === undefined || silent === undefined || found.check === 'not-observed') return found;
  return { ...found, support: [...found.support, `${silent}: the status may be old`] };
}

/** Present while something outside Kubernetes is still to be dealt with. */
function deleting({
  subject,
  operatorNamespace,
  events,
}: ResourceEvidence): Omit<Cause, 'check'> | undefined {
  const { deletionTimestamp, finalizers = [] } = subject.object.metadata;
  if (deletionTimestamp === undefined) return undefined;
  const ready = conditionOf(subject.object, 'Ready');
  const [event] = events;
  return {
    cause: `it is being deleted since ${deletionTimestamp}, and waits for ${finalizers.join(', ') || 'its children'}`,
    support: [
      ...(ready === undefined ? [] : [conditionText(ready)]),
      ...(event === undefined ? [] : [eventText(event)]),
    ],
    next: operatorLogs({ operatorNamespace }),
  };
}

function notObserved(seen: ResourceEvidence): Omit<Cause, 'check'> | undefined {
  const { metadata, status } = seen.subject.object;
  const { generation = 0 } = metadata;
  const observed = status?.observedGeneration ?? 0;
  if (observed >= generation && conditionOf(seen.subject.object, 'Ready') !== undefined) return undefined;
  const silent = silence(seen);
  return {
    cause: silent ?? `the operator has not acted on generation ${generation} yet`,
    support: [`metadata.generation is ${generation}, status.observedGeneration ${observed || 'absent'}`],
    next: silent === undefined ? operatorLogs(seen) : `kubectl -n ${seen.operatorNamespace} get pods`,
  };
}

function silence({ operatorSilentMs, operatorNamespace }: ResourceEvidence): string | undefined {
  if (operatorSilentMs === undefined || operatorSilentMs <= SILENT_MS) return undefined;
  return Number.isFinite(operatorSilentMs)
    ? `the operator does not run: its lease in ${operatorNamespace} was last renewed ${duration(operatorSilentMs)} ago`
    : `the operator does not run, or elsewhere (--operator-namespace): it has no lease in ${operatorNamespace}`;
}

function isReady({ subject }: ResourceEvidence): boolean {
  return conditionOf(subject.object, 'Ready')?.status === 'True';
}

/** It cannot go on until somebody changes something: that is the answer, whatever else is wrong. */
function stalled(seen: ResourceEvidence): Omit<Cause, 'check'> | undefined {
  const condition = conditionOf(seen.subject.object, 'Stalled');
  return condition?.status === 'True' ? explain(seen, condition) : undefined;
}

function failing(seen: ResourceEvidence, status: 'False' | 'Unknown'): Omit<Cause, 'check'> | undefined {
  const condition = seen.subject.object.status?.conditions?.find(
    (one) => one.status === status && !SUMMARIES.includes(one.type),
  );
  return condition === undefined ? undefined : explain(seen, condition);
}

/** A roll-out has no condition of its own, and what is Unknown may still turn out well. */
function notReady(seen: ResourceEvidence): Omit<Cause, 'check'> | undefined {
  const ready = conditionOf(seen.subject.object, 'Ready');
  return ready?.status === 'Unknown' && ready.reason !== 'Paused'
    ? (failing(seen, 'Unknown') ?? explain(seen, ready))
    : ready && explain(seen, ready);
}

function explain(seen: ResourceEvidence, condition: Condition): Omit<Cause, 'check'> {
  const { reason = 'Unknown', message = '' } = condition;
  // The operator's events say what its conditions say.
  const events = eventsAbout(seen, seen.subject.object).filter((event) => event.reason !== reason);
  const [deeper, ...others] = inWorkloads(seen, { reason, message });
  const isAny = IN_WORKLOADS[reason]?.length === 0;
  const found = isAny || isSame(reason, deeper) ? deeper : undefined;
  return {
    cause: found?.cause ?? `${reason}: ${withoutType(message)}`,
    support: [
      conditionText(condition),
      ...(found?.support ?? []),
      ...(found === undefined ? [deeper, ...others] : others).flatMap((one) =>
        one === undefined ? [] : [`also: ${one.cause}`],
      ),
      ...events.slice(0, 2).map(eventText),
    ],
    next: found?.next ?? nextStep(reason, seen),
  };
}

function isSame(reason: string, cause: Cause | undefined): boolean {
  return cause !== undefined && (IN_WORKLOADS[reason] ?? []).includes(cause.check);
}

/** What is wrong with the workloads: first what the reason is about, then what the message names. */
function inWorkloads(seen: ResourceEvidence, said: { reason: string; message: string }): Cause[] {
  if (IN_WORKLOADS[said.reason] === undefined) return [];
  const rank = ({ cause, object }: { cause: Cause; object: { metadata: { name: string } } }) =>
    (isSame(said.reason, cause) ? 2 : 0) + (said.message.includes(object.metadata.name) ? 1 : 0);
  return seen.workloads
    .flatMap((workload) => {
      const cause = workloadCause(seen, workload);
      return cause === undefined ? [] : [{ cause, object: workload.object }];
    })
    .toSorted((a, b) => rank(b) - rank(a))
    .map(({ cause }) => cause);
}

/** A summary begins with the condition that it sums up: `KeyBound: the key is disabled`. */
function withoutType(message: string): string {
  const [type = '', ...rest] = message.split(': ');
  return type in CONDITION ? rest.join(': ') : message;
}
