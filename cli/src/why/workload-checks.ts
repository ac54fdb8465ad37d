import type { ObservedDeployment, ObservedJob } from '../cluster/observed.ts';
import {
  type Cause,
  type Check,
  conditionOf,
  conditionText,
  type Evidence,
  eventText,
  firstCause,
  type Workload,
} from './evidence.ts';
import { podCause } from './pod-checks.ts';

interface WorkloadInput {
  evidence: Evidence;
  workload: Workload;
}

type Found = Omit<Cause, 'check'> | undefined;

/** What can be wrong with a Deployment or a Job: its pods say more than it does itself. */
const WORKLOAD_CHECKS: readonly Check<WorkloadInput>[] = [
  { name: 'pods-refused', find: podsRefused },
  { name: 'job-failed', find: jobFailed },
  { name: 'rollout-stuck', find: rolloutStuck },
  { name: 'scaled-to-zero', find: scaledToZero },
  { name: 'pods-not-ready', find: podsNotReady },
  { name: 'job-running', find: jobRunning },
];

/** Those that only count what the pods themselves say better. */
const COUNTS: readonly string[] = ['pods-not-ready', 'job-running'];

/** Why a workload does not do its work, or nothing when it does. */
export function workloadCause(evidence: Evidence, workload: Workload): Cause | undefined {
  if (works(workload)) return undefined;
  const pod = podCause(evidence, workload.pods);
  const itself = firstCause(WORKLOAD_CHECKS, { evidence, workload });
  if (pod === undefined || itself?.check === 'pods-refused') return itself;
  const further = COUNTS.includes(itself?.check ?? '') ? [] : (itself?.support ?? []);
  return { ...pod, support: [...pod.support, ...further] };
}

function works({ kind, object }: Workload): boolean {
  if (kind === 'Job') return conditionOf(object, 'Complete')?.status === 'True';
  const { spec, status, metadata } = object as ObservedDeployment;
  const wanted = spec?.replicas ?? 1;
  return (
    wanted > 0 &&
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    status?.updatedReplicas === wanted &&
    status.availableReplicas === wanted &&
    status.replicas === wanted
  );
}

/** Quotas, admission and Pod Security refuse a pod before there is one to look at. */
function podsRefused({ evidence, workload }: WorkloadInput): Found {
  const failure = conditionOf(workload.object, 'ReplicaFailure');
  const { name } = workload.object.metadata;
  const event = evidence.events.find(
    ({ reason, involvedObject }) =>
      reason === 'FailedCreate' &&
      (involvedObject?.name === name || involvedObject?.name?.startsWith(`${name}-`)),
  );
  const refused = failure?.status === 'True' ? failure.message : workload.pods.length === 0 && event?.message;
  if (!refused) return undefined;
  return {
    cause: `the pods of ${label(workload)} are refused: ${refused}`,
    support: [
      ...(failure?.status === 'True' ? [conditionText(failure)] : []),
      ...(event === undefined ? [] : [eventText(event)]),
    ],
    next: `kubectl -n ${workload.object.metadata.namespace} describe resourcequota,limitrange`,
  };
}

function jobFailed({ workload }: WorkloadInput): Found {
  const failed = conditionOf(workload.object, 'Failed');
  if (workload.kind !== 'Job' || failed?.status !== 'True') return undefined;
  const { name, namespace } = workload.object.metadata;
  return {
    cause: `${label(workload)} failed: ${failed.message ?? failed.reason ?? 'no reason given'}`,
    support: [conditionText(failed)],
    next: `kubectl -n ${namespace} logs job/${name}`,
  };
}

function rolloutStuck({ workload }: WorkloadInput): Found {
  const progress = conditionOf(workload.object, 'Progressing');
  if (progress?.status !== 'False') return undefined;
  const { name, namespace } = workload.object.metadata;
  return {
    cause: `the roll-out of ${label(workload)} is stuck: ${progress.message ?? progress.reason ?? ''}`,
    support: [conditionText(progress)],
    next: `kubectl -n ${namespace} describe deployment ${name}`,
  };
}

function scaledToZero({ workload }: WorkloadInput): Found {
  if (workload.kind !== 'Deployment' || (workload.object as ObservedDeployment).spec?.replicas !== 0)
    return undefined;
  const { name, namespace } = workload.object.metadata;
  return {
    cause: `${label(workload)} is scaled to 0 replicas`,
    support: ['spec.replicas is 0'],
    next: `kubectl -n ${namespace} scale deployment ${name} --replicas=1`,
  };
}

function podsNotReady({ workload }: WorkloadInput): Found {
  if (workload.kind !== 'Deployment') return undefined;
  const { spec, status, metadata } = workload.object as ObservedDeployment;
  const wanted = spec?.replicas ?? 1;
  const { availableReplicas = 0, updatedReplicas = 0 } = status ?? {};
  return {
    cause: `${label(workload)} has ${availableReplicas} of ${wanted} pods available, ${updatedReplicas} of them new`,
    support: [`${workload.pods.length} pods exist`],
    next: `kubectl -n ${metadata.namespace} rollout status deployment ${metadata.name}`,
  };
}

function jobRunning({ workload }: WorkloadInput): Found {
  const { name, namespace } = workload.object.metadata;
  const { active = 0, failed = 0 } = (workload.object as ObservedJob).status ?? {};
  return {
    cause: `${label(workload)} is not complete: ${active} pods run, ${failed} have failed`,
    support: [`${workload.pods.length} pods exist`],
    next: `kubectl -n ${namespace} wait --for=condition=Complete job/${name}`,
  };
}

function label({ kind, object }: Workload): string {
  return `${kind} ${object.metadata.name}`;
}
