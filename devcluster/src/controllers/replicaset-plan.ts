import type { Pod, ReplicaSet, ReplicaSetStatus } from './objects.ts';
import { isActive, isAvailable, isReady } from './objects.ts';
import { replicasOf } from './rollout-step.ts';

export type ReplicaSetPlan = {
  create: number;
  /** Names of pods to delete. */
  remove: string[];
  status: ReplicaSetStatus;
  /** When a ready pod becomes available (`minReadySeconds`). */
  resyncAfterMs?: number;
};

/** Pods missing or too many, and the status. `pods` are those that this ReplicaSet controls. */
export function planReplicaSet(set: ReplicaSet, pods: Pod[], now: Date): ReplicaSetPlan {
  const active = pods.filter(isActive);
  const wanted = set.metadata.deletionTimestamp === undefined ? replicasOf(set) : active.length;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const labels = Object.entries(set.spec.template?.metadata?.labels ?? {});
  const ready = active.filter(isReady);
  const available = active.filter((pod) => isAvailable(pod, minReadySeconds, now));
  const fullyLabeled = active.filter((pod) =>
    labels.every(([key, value]) => pod.metadata.labels?.[key] === value),
  );
  return {
    create: Math.max(0, wanted - active.length),
    remove: [...active]
      .sort(mostDispensableFirst)
      .slice(0, Math.max(0, active.length - wanted))
      .map((pod) => pod.metadata.name),
    status: {
      replicas: active.length,
      ...(fullyLabeled.length === 0 ? {} : { fullyLabeledReplicas: fullyLabeled.length }),
      ...(ready.length === 0 ? {} : { readyReplicas: ready.length }),
      ...(available.length === 0 ? {} : { availableReplicas: available.length }),
      observedGeneration: set.metadata.generation ?? 1,
    },
    ...(ready.length > available.length ? { resyncAfterMs: minReadySeconds * 1000 } : {}),
  };
}

/** Kubernetes' order: unbound, then pending, then not ready, then the one that restarted most, then the newest. */
function mostDispensableFirst(a: Pod, b: Pod): number {
  const rank = (pod: Pod): number[] => [
    pod.spec.nodeName ? 1 : 0,
    pod.status?.phase === 'Running' ? 1 : 0,
    isReady(pod) ? 1 : 0,
    -(pod.status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0),
    -Date.parse(pod.metadata.creationTimestamp),
  ];
  const [left, right] = [rank(a), rank(b)];
  const differing = left.findIndex((value, index) => value !== right[index]);
  return differing === -1 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0);
}
