import { RESOURCES, type WorkResult } from '@cofferdam/operator/engine';
import {
  type ControllerContext,
  controlled,
  controllerKey,
  itself,
  type Running,
  read,
  startController,
  writeStatus,
} from './controller.ts';
import type { Pod, ReplicaSet } from './objects.ts';
import { createPod, deletePod } from './pod-creation.ts';
import { planReplicaSet } from './replicaset-plan.ts';

export function startReplicaSetController(context: ControllerContext): Running {
  const sources = [
    { resource: RESOURCES.replicaSets, keys: itself },
    { resource: RESOURCES.pods, keys: controllerKey('ReplicaSet') },
  ];
  return startController(context, 'replicaset', sources, (namespace, name) =>
    reconcile(context, namespace, name),
  );
}

async function reconcile(context: ControllerContext, namespace: string, name: string): Promise<WorkResult> {
  const set = await read<ReplicaSet>(context.client, RESOURCES.replicaSets, namespace, name);
  const template = set?.spec.template;
  if (set === undefined || template === undefined || set.metadata.deletionTimestamp !== undefined)
    return undefined;
  const plan = planReplicaSet(set, await controlled<Pod>(context.client, RESOURCES.pods, set), context.now());
  const written = writeStatus(context, RESOURCES.replicaSets, set, {
    ...set.status,
    ...plan.status,
    ...absent(plan),
  });
  await Promise.all([
    written,
    ...Array.from({ length: plan.create }, () => createPod(context, set, template)),
    ...plan.remove.map((pod) => deletePod(context, set, pod)),
  ]);
  return plan.resyncAfterMs === undefined ? undefined : { afterMs: plan.resyncAfterMs };
}

/** Counts that became zero are left out of a status, as the real controller does. */
function absent({ status }: ReturnType<typeof planReplicaSet>): Record<string, undefined> {
  const counts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;
  return Object.fromEntries(
    counts.filter((count) => status[count] === undefined).map((count) => [count, undefined]),
  );
}
