import { type Condition, timestamp, withCondition } from './conditions.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from './objects.ts';
import { ownerReference } from './objects.ts';
import { sameTemplate, TEMPLATE_HASH_LABEL, templateHash } from './pod-template.ts';
import { replicasOf, rolloutStep, type Scaling, surge, unavailable } from './rollout-step.ts';

export const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
const DESIRED_ANNOTATION = 'deployment.kubernetes.io/desired-replicas';
const MAX_ANNOTATION = 'deployment.kubernetes.io/max-replicas';

export type DeploymentObservation = {
  deployment: Deployment;
  /** Those that this Deployment controls, in any order. */
  replicaSets: ReplicaSet[];
  /** Pods of old ReplicaSets that still exist, terminating ones too: Recreate waits for them. */
  oldPods: number;
  now: Date;
};

export type DeploymentPlan = {
  /** The ReplicaSet of the current template, when there is none yet. */
  create?: ReturnType<typeof newReplicaSet>;
  scale: Scaling[];
  /** Old ReplicaSets beyond revisionHistoryLimit. */
  remove: string[];
  /** Revision that the current ReplicaSet and the Deployment should carry. */
  revision: string;
  status: DeploymentStatus;
};

const revisionOf = (set: ReplicaSet): number => Number(set.metadata.annotations?.[REVISION_ANNOTATION] ?? 0);

/** The ReplicaSet that has the Deployment's present template: the oldest, should there be two. */
export function currentReplicaSet(deployment: Deployment, replicaSets: ReplicaSet[]): ReplicaSet | undefined {
  return replicaSets
    .filter(
      (set) => set.spec.template !== undefined && sameTemplate(set.spec.template, deployment.spec.template),
    )
    .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))[0];
}

/** What one reconcile of a Deployment does: at most one step of its roll-out. */
export function planDeployment({
  deployment,
  replicaSets,
  oldPods,
  now,
}: DeploymentObservation): DeploymentPlan {
  const current = currentReplicaSet(deployment, replicaSets);
  const old = replicaSets
    .filter((set) => set !== current)
    .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  const highestOld = Math.max(0, ...old.map(revisionOf));
  const revision = String(
    current !== undefined && revisionOf(current) > highestOld ? revisionOf(current) : highestOld + 1,
  );
  const paused = deployment.spec.paused === true;
  const step = rolloutStep({ deployment, current, old, oldPods, paused });
  const create =
    current === undefined && !paused && step.newReplicas !== undefined
      ? newReplicaSet(deployment, revision, step.newReplicas)
      : undefined;
  return {
    ...(create === undefined ? {} : { create }),
    scale: step.scale,
    remove: paused ? [] : surplusHistory(deployment, old),
    revision: current === undefined && paused ? String(highestOld) : revision,
    status: deploymentStatus(deployment, current, replicaSets, { created: create?.metadata.name, now }),
  };
}

function newReplicaSet(deployment: Deployment, revision: string, replicas: number) {
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template, deployment.status?.collisionCount ?? 0);
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH_LABEL]: hash };
  const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...annotations } =
    deployment.metadata.annotations ?? {};
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: { ...annotations, ...replicaAnnotations(deployment), [REVISION_ANNOTATION]: revision },
      ownerReferences: [ownerReference(deployment, 'apps/v1', 'Deployment')],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

export function replicaAnnotations(deployment: Deployment): Record<string, string> {
  const desired = deployment.spec.replicas ?? 1;
  return { [DESIRED_ANNOTATION]: String(desired), [MAX_ANNOTATION]: String(desired + surge(deployment)) };
}

function surplusHistory(deployment: Deployment, old: ReplicaSet[]): string[] {
  const idle = old
    .filter(
      (set) => replicasOf(set) === 0 && (set.status?.replicas ?? 0) === 0 && !set.metadata.deletionTimestamp,
    )
    .sort((a, b) => revisionOf(a) - revisionOf(b));
  const keep = deployment.spec.revisionHistoryLimit ?? 10;
  return idle.slice(0, Math.max(0, idle.length - keep)).map((set) => set.metadata.name);
}

function deploymentStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  all: ReplicaSet[],
  { created, now }: { created: string | undefined; now: Date },
): DeploymentStatus {
  const sum = (count: (set: ReplicaSet) => number | undefined): number =>
    all.reduce((total, set) => total + (count(set) ?? 0), 0);
  const counts = {
    replicas: sum((set) => set.status?.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum((set) => set.status?.readyReplicas),
    availableReplicas: sum((set) => set.status?.availableReplicas),
  };
  const unavailableReplicas = Math.max(0, (deployment.spec.replicas ?? 1) - counts.availableReplicas);
  const { collisionCount } = deployment.status ?? {};
  return {
    observedGeneration: deployment.metadata.generation ?? 1,
    ...nonZero({ ...counts, unavailableReplicas }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: conditions(deployment, current?.metadata.name ?? created, counts, now) as NonNullable<
      DeploymentStatus['conditions']
    >,
  };
}

const nonZero = <T extends Record<string, number>>(counts: T): Partial<T> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)) as Partial<T>;

type Counts = { replicas: number; updatedReplicas: number; availableReplicas: number; readyReplicas: number };

function conditions(
  deployment: Deployment,
  setName: string | undefined,
  counts: Counts,
  now: Date,
): Condition[] {
  const desired = deployment.spec.replicas ?? 1;
  const enough = counts.availableReplicas >= desired - unavailable(deployment);
  const available: Condition = enough
    ? verdict('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
    : verdict(
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
      );
  const before = deployment.status?.conditions as Condition[] | undefined;
  const withAvailable = stamped(before, available, now);
  return stamped(withAvailable, progressing(deployment, setName, counts, now), now);
}

function progressing(
  deployment: Deployment,
  setName: string | undefined,
  counts: Counts,
  now: Date,
): Condition {
  const desired = deployment.spec.replicas ?? 1;
  const before = deployment.status?.conditions?.find((condition) => condition.type === 'Progressing');
  if (deployment.spec.paused === true) {
    return verdict('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused');
  }
  const complete =
    counts.updatedReplicas === desired && counts.replicas === desired && counts.availableReplicas === desired;
  if (complete) {
    const message = `ReplicaSet "${setName}" has successfully progressed.`;
    return verdict('Progressing', 'True', 'NewReplicaSetAvailable', message);
  }
  const { status } = deployment;
  const moved =
    before?.reason === 'NewReplicaSetAvailable' ||
    before?.reason === 'DeploymentPaused' ||
    before === undefined ||
    counts.updatedReplicas > (status?.updatedReplicas ?? 0) ||
    counts.readyReplicas > (status?.readyReplicas ?? 0) ||
    counts.availableReplicas > (status?.availableReplicas ?? 0) ||
    counts.replicas - counts.updatedReplicas < (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  const deadlineMs = (deployment.spec.progressDeadlineSeconds ?? 600) * 1000;
  const since = Date.parse(before?.lastUpdateTime ?? timestamp(now));
  if (!moved && now.getTime() - since > deadlineMs) {
    const message = `ReplicaSet "${setName}" has timed out progressing.`;
    return verdict('Progressing', 'False', 'ProgressDeadlineExceeded', message);
  }
  if (!moved) return before as Condition;
  const message = `ReplicaSet "${setName}" is progressing.`;
  return { ...verdict('Progressing', 'True', 'ReplicaSetUpdated', message), lastUpdateTime: timestamp(now) };
}

const verdict = (type: string, status: string, reason: string, message: string): Condition => ({
  type,
  status,
  reason,
  message,
});

/** lastUpdateTime moves whenever the reason does: it is what the progress deadline is counted from. */
function stamped(before: Condition[] | undefined, next: Condition, now: Date): Condition[] {
  const current = before?.find((condition) => condition.type === next.type);
  const same = current !== undefined && current.reason === next.reason && current.status === next.status;
  const lastUpdateTime = next.lastUpdateTime ?? (same ? current.lastUpdateTime : undefined) ?? timestamp(now);
  return withCondition(before, { ...next, lastUpdateTime }, now);
}
