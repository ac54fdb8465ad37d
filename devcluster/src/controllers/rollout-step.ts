import type { Deployment, ReplicaSet } from './objects.ts';

export type Scaling = { name: string; from: number; to: number };

type Step = {
  /** Size of the ReplicaSet that is to be created; undefined while it has to wait. */
  newReplicas?: number;
  scale: Scaling[];
};

type Rollout = {
  deployment: Deployment;
  current: ReplicaSet | undefined;
  /** Oldest first. */
  old: ReplicaSet[];
  oldPods: number;
  paused: boolean;
};

export const replicasOf = (set: ReplicaSet): number => set.spec.replicas ?? 1;

/** maxSurge as a number of pods; percentages round up. */
export function surge(deployment: Deployment): number {
  const { strategy, replicas = 1 } = deployment.spec;
  if (strategy?.type === 'Recreate') return 0;
  return amount(strategy?.rollingUpdate?.maxSurge ?? '25%', replicas, Math.ceil);
}

/** maxUnavailable as a number of pods; percentages round down; never 0 together with a surge of 0. */
export function unavailable(deployment: Deployment): number {
  const { strategy, replicas = 1 } = deployment.spec;
  if (strategy?.type === 'Recreate') return replicas;
  const value = amount(strategy?.rollingUpdate?.maxUnavailable ?? '25%', replicas, Math.floor);
  return Math.min(replicas, value === 0 && surge(deployment) === 0 ? 1 : value);
}

function amount(value: number | string, of: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  return value.endsWith('%') ? round((Number(value.slice(0, -1)) * of) / 100) : Number(value);
}

const availableOf = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0;
const total = (sets: ReplicaSet[], count: (set: ReplicaSet) => number): number =>
  sets.reduce((sum, set) => sum + count(set), 0);

/** How the ReplicaSets are scaled next, as Kubernetes' deployment controller does it. */
export function rolloutStep(rollout: Rollout): Step {
  if (rollout.paused) return scalePaused(rollout);
  return rollout.deployment.spec.strategy?.type === 'Recreate' ? recreate(rollout) : roll(rollout);
}

/** A paused Deployment still follows `replicas`, with whatever is its one active ReplicaSet. */
function scalePaused({ deployment, current, old }: Rollout): Step {
  const active = [...old, ...(current === undefined ? [] : [current])].filter((set) => replicasOf(set) > 0);
  const only = active.length === 1 ? active[0] : active.length === 0 ? current : undefined;
  return { scale: only === undefined ? [] : scaling(only, deployment.spec.replicas ?? 1) };
}

function recreate({ deployment, current, old, oldPods }: Rollout): Step {
  const down = old.flatMap((set) => scaling(set, 0));
  const desired = deployment.spec.replicas ?? 1;
  if (down.length > 0 || oldPods > 0) return { scale: down };
  return current === undefined ? { newReplicas: desired, scale: [] } : { scale: scaling(current, desired) };
}

function roll({ deployment, current, old }: Rollout): Step {
  const desired = deployment.spec.replicas ?? 1;
  const oldReplicas = total(old, replicasOf);
  const room = Math.max(0, desired + surge(deployment) - oldReplicas - (current ? replicasOf(current) : 0));
  if (current === undefined) return { newReplicas: Math.min(desired, room), scale: [] };
  const size = replicasOf(current);
  const target = size > desired ? desired : Math.min(desired, size + room);
  if (target !== size) return { scale: scaling(current, target) };
  return { scale: scaleDownOld(deployment, current, old) };
}

/** First the replicas that are of no use anyway, then those that maxUnavailable lets go. */
function scaleDownOld(deployment: Deployment, current: ReplicaSet, old: ReplicaSet[]): Scaling[] {
  const minimum = (deployment.spec.replicas ?? 1) - unavailable(deployment);
  const newMissing = replicasOf(current) - availableOf(current);
  let removable = Math.max(0, total(old, replicasOf) + replicasOf(current) - minimum - newMissing);
  const sizes = new Map(old.map((set) => [set.metadata.name, replicasOf(set)]));
  for (const set of old) {
    const size = replicasOf(set);
    const useless = Math.min(removable, Math.max(0, size - availableOf(set)));
    sizes.set(set.metadata.name, size - useless);
    removable -= useless;
  }
  let spare = Math.max(0, total(old, availableOf) + availableOf(current) - minimum);
  for (const set of old) {
    const size = sizes.get(set.metadata.name) ?? 0;
    const gone = Math.min(spare, size, removable);
    sizes.set(set.metadata.name, size - gone);
    spare -= gone;
    removable -= gone;
  }
  return old.flatMap((set) => scaling(set, sizes.get(set.metadata.name) ?? 0));
}

const scaling = (set: ReplicaSet, to: number): Scaling[] =>
  replicasOf(set) === to ? [] : [{ name: set.metadata.name, from: replicasOf(set), to }];
