import { type Condition, timestamp, withCondition } from './conditions.ts';
import type { Job, JobStatus, Pod } from './objects.ts';
import { isActive, isReady } from './objects.ts';

export type JobPlan = {
  create: number;
  /** Names of pods to delete. */
  remove: string[];
  /** ttlSecondsAfterFinished is over: the Job itself goes. */
  expire: boolean;
  status: JobStatus;
  /** When time alone changes the plan: the back-off, the deadline, the time to live. */
  resyncAfterMs?: number;
};

export type JobSettings = {
  /** Wait after the first failed pod; doubles with each further one up to six minutes. */
  backoffBaseMs: number;
};

const MAX_BACKOFF_MS = 360_000;

/** What one reconcile of a Job does. `pods` are those that it controls. */
export function planJob(job: Job, pods: Pod[], now: Date, settings: JobSettings): JobPlan {
  const before: JobStatus = job.status ?? {};
  const ended = finishedAt(job);
  if (ended !== undefined) return finishedPlan(job, before, pods, { ended, now });
  const counts = countPods(before, pods);
  const startTime = before.startTime ?? timestamp(now);
  const status: JobStatus = {
    ...before,
    ...counts,
    ready: pods.filter((p) => isActive(p) && isReady(p)).length,
  };
  if (job.spec.suspend === true) {
    const suspended = condition('Suspended', 'JobSuspended', 'Job suspended');
    const { startTime: _, ...rest } = status;
    return stop(pods, withConditions({ ...rest, active: 0 }, [suspended], now));
  }
  status.startTime = startTime;
  const failure = failureOf(job, pods, counts.failed, { startTime, now });
  if (failure !== undefined) {
    const [reason, message] = failure;
    const verdicts = [condition('FailureTarget', reason, message), condition('Failed', reason, message)];
    return stop(pods, withConditions({ ...status, active: 0 }, verdicts, now));
  }
  const completions = job.spec.completions ?? 1;
  if (counts.succeeded >= completions) {
    const reason = 'CompletionsReached';
    const message = 'Reached expected number of succeeded pods';
    const verdicts = [
      condition('SuccessCriteriaMet', reason, message),
      condition('Complete', reason, message),
    ];
    return stop(
      pods,
      withConditions({ ...status, active: 0, completionTime: timestamp(now) }, verdicts, now),
    );
  }
  return runningPlan(job, pods, status, { now, settings });
}

function runningPlan(
  job: Job,
  pods: Pod[],
  status: JobStatus,
  { now, settings }: { now: Date; settings: JobSettings },
): JobPlan {
  const active = pods.filter(isActive);
  const left = (job.spec.completions ?? 1) - (status.succeeded ?? 0);
  const wanted = Math.min(job.spec.parallelism ?? 1, left);
  const surplus = active.slice(0, Math.max(0, active.length - wanted)).map((pod) => pod.metadata.name);
  const waitMs = wanted > active.length ? backoffLeft(pods, now, settings) : 0;
  const terminating = pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined).length;
  // A pod that is still terminating has not failed yet: its replacement waits, so that two never run at once.
  const create = waitMs > 0 ? 0 : Math.max(0, wanted - active.length - terminating);
  const deadlineMs =
    job.spec.activeDeadlineSeconds === undefined
      ? undefined
      : Date.parse(status.startTime ?? '') + job.spec.activeDeadlineSeconds * 1000 - now.getTime();
  const waits = [waitMs > 0 ? waitMs : undefined, deadlineMs].filter((wait) => wait !== undefined);
  const resumed =
    job.status?.conditions?.some((c) => c.type === 'Suspended' && c.status === 'True') === true
      ? [{ ...condition('Suspended', 'JobResumed', 'Job resumed'), status: 'False' }]
      : [];
  return {
    create,
    remove: surplus,
    expire: false,
    status: withConditions(status, resumed, now),
    ...(waits.length === 0 ? {} : { resyncAfterMs: Math.max(50, Math.min(...waits)) }),
  };
}

/** Counts never go down: a failed pod that somebody deletes has failed all the same. */
function countPods(before: JobStatus, pods: Pod[]): { active: number; succeeded: number; failed: number } {
  const phase = (name: string): number => pods.filter((pod) => pod.status?.phase === name).length;
  return {
    active: pods.filter(isActive).length,
    succeeded: Math.max(before.succeeded ?? 0, phase('Succeeded')),
    failed: Math.max(before.failed ?? 0, phase('Failed')),
  };
}

function failureOf(
  job: Job,
  pods: Pod[],
  failed: number,
  { startTime, now }: { startTime: string; now: Date },
): [reason: string, message: string] | undefined {
  const limit = job.spec.backoffLimit ?? 6;
  const restarts = pods
    .filter((pod) => isActive(pod) && pod.spec.restartPolicy === 'OnFailure')
    .flatMap((pod) => [
      ...(pod.status?.initContainerStatuses ?? []),
      ...(pod.status?.containerStatuses ?? []),
    ])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  if (failed > limit || (restarts > 0 && restarts >= Math.max(1, limit))) {
    return ['BackoffLimitExceeded', 'Job has reached the specified backoff limit'];
  }
  const deadline = job.spec.activeDeadlineSeconds;
  if (deadline !== undefined && now.getTime() >= Date.parse(startTime) + deadline * 1000) {
    return ['DeadlineExceeded', 'Job was active longer than specified deadline'];
  }
  return undefined;
}

function backoffLeft(pods: Pod[], now: Date, { backoffBaseMs }: JobSettings): number {
  const failures = pods.filter((pod) => pod.status?.phase === 'Failed');
  if (failures.length === 0) return 0;
  const last = Math.max(...failures.map(endedAt));
  const delay = Math.min(MAX_BACKOFF_MS, backoffBaseMs * 2 ** (failures.length - 1));
  return Math.max(0, last + delay - now.getTime());
}

function endedAt(pod: Pod): number {
  const times = (pod.status?.containerStatuses ?? []).map(({ state }) =>
    Date.parse(state?.terminated?.finishedAt ?? ''),
  );
  const known = times.filter((time) => !Number.isNaN(time));
  return known.length === 0 ? Date.parse(pod.metadata.creationTimestamp) : Math.max(...known);
}

export function finishedAt(job: Job): Date | undefined {
  const verdict = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  return verdict === undefined ? undefined : new Date(verdict.lastTransitionTime ?? 0);
}

function finishedPlan(
  job: Job,
  status: JobStatus,
  pods: Pod[],
  { ended, now }: { ended: Date; now: Date },
): JobPlan {
  const ttl = job.spec.ttlSecondsAfterFinished;
  const leftMs = ttl === undefined ? undefined : ended.getTime() + ttl * 1000 - now.getTime();
  return {
    create: 0,
    remove: pods.filter(isActive).map((pod) => pod.metadata.name),
    expire: leftMs !== undefined && leftMs <= 0,
    status,
    ...(leftMs !== undefined && leftMs > 0 ? { resyncAfterMs: leftMs } : {}),
  };
}

const stop = (pods: Pod[], status: JobStatus): JobPlan => ({
  create: 0,
  remove: pods.filter(isActive).map((pod) => pod.metadata.name),
  expire: false,
  status: { ...status, ready: 0 },
});

const condition = (type: string, reason: string, message: string): Condition => ({
  type,
  status: 'True',
  reason,
  message,
});

function withConditions(status: JobStatus, next: Condition[], now: Date): JobStatus {
  const before = status.conditions as Condition[] | undefined;
  const probed = next.map((each) => ({ ...each, lastProbeTime: timestamp(now) }));
  const conditions = probed.reduce<Condition[] | undefined>(
    (all, each) => withCondition(all, each, now),
    before,
  );
  const { conditions: _, active = 0, succeeded = 0, failed = 0, ...rest } = status;
  return {
    ...rest,
    ...(active > 0 ? { active } : {}),
    ...(succeeded > 0 ? { succeeded } : {}),
    ...(failed > 0 ? { failed } : {}),
    ...(conditions === undefined ? {} : { conditions: conditions as NonNullable<JobStatus['conditions']> }),
  };
}
