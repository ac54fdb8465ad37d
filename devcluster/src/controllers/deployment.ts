import { isKubeError, type KubeObject, RESOURCES, type WorkResult } from '@cofferdam/operator/engine';
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
import {
  type DeploymentPlan,
  planDeployment,
  REVISION_ANNOTATION,
  replicaAnnotations,
} from './deployment-plan.ts';
import type { Deployment, Pod, ReplicaSet } from './objects.ts';
import { controllerOf } from './objects.ts';
import { sameTemplate } from './pod-template.ts';

/** Looked at again this often while a roll-out is under way: its deadline passes without any event. */
const PROGRESS_CHECK_MS = 15_000;

export function startDeploymentController(context: ControllerContext): Running {
  const { replicaSets, deployments, pods } = RESOURCES;
  const ofPod = (pod: KubeObject): string[] =>
    controllerKey('ReplicaSet')(pod).flatMap((key) => {
      const [namespace = '', name = ''] = key.split('/');
      const set = context.watches.of<ReplicaSet>(replicaSets).store.get(namespace, name);
      return set === undefined ? [] : controllerKey('Deployment')(set);
    });
  const sources = [
    { resource: deployments, keys: itself },
    { resource: replicaSets, keys: controllerKey('Deployment') },
    { resource: pods, keys: ofPod },
  ];
  return startController(context, 'deployment', sources, (namespace, name) =>
    reconcile(context, namespace, name),
  );
}

async function reconcile(context: ControllerContext, namespace: string, name: string): Promise<WorkResult> {
  const { client, now } = context;
  const deployment = await read<Deployment>(client, RESOURCES.deployments, namespace, name);
  if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return undefined;
  const replicaSets = await controlled<ReplicaSet>(client, RESOURCES.replicaSets, deployment);
  const oldPods = await countOldPods(context, deployment, replicaSets);
  const plan = planDeployment({ deployment, replicaSets, oldPods, now: now() });

  if (plan.create !== undefined && !(await createReplicaSet(context, deployment, plan.create))) {
    return { afterMs: 50 };
  }
  for (const { name: set, from, to } of plan.scale) {
    const body = { metadata: { annotations: replicaAnnotations(deployment) }, spec: { replicas: to } };
    await client.patch(RESOURCES.replicaSets, { namespace, name: set }, { type: 'merge', body });
    scaled(context, deployment, set, from, to);
  }
  for (const set of plan.remove) {
    await client.delete(RESOURCES.replicaSets, { namespace, name: set }, { propagationPolicy: 'Background' });
  }
  await writeRevision(context, deployment, replicaSets, plan.revision);
  // The revision was perhaps just written: the status goes on top of the newest version.
  const latest = await read<Deployment>(client, RESOURCES.deployments, namespace, name);
  if (latest?.metadata.generation === deployment.metadata.generation) {
    await writeStatus(context, RESOURCES.deployments, latest as Deployment, plan.status);
  }
  const progress = plan.status.conditions?.find(({ type }) => type === 'Progressing');
  return progress?.reason === 'NewReplicaSetAvailable' ? undefined : { afterMs: PROGRESS_CHECK_MS };
}

async function countOldPods(
  { client }: ControllerContext,
  deployment: Deployment,
  replicaSets: ReplicaSet[],
): Promise<number> {
  if (deployment.spec.strategy?.type !== 'Recreate') return 0;
  const old = replicaSets.filter(
    ({ spec }) => spec.template === undefined || !sameTemplate(spec.template, deployment.spec.template),
  );
  const uids = new Set(old.map((set) => set.metadata.uid));
  const { namespace } = deployment.metadata;
  const { items } = await client.list<Pod>(RESOURCES.pods, { namespace });
  return items.filter(
    (pod) =>
      uids.has(controllerOf(pod)?.uid ?? '') &&
      pod.status?.phase !== 'Succeeded' &&
      pod.status?.phase !== 'Failed',
  ).length;
}

/** False when another object has the name: then the collision count is raised, and with it the hash changes. */
async function createReplicaSet(
  context: ControllerContext,
  deployment: Deployment,
  manifest: NonNullable<DeploymentPlan['create']>,
): Promise<boolean> {
  try {
    await context.client.create(RESOURCES.replicaSets, manifest as unknown as KubeObject);
  } catch (error) {
    if (!isKubeError(error, 'already_exists')) throw error;
    const { namespace } = deployment.metadata;
    const other = await read<ReplicaSet>(
      context.client,
      RESOURCES.replicaSets,
      namespace,
      manifest.metadata.name,
    );
    if (other !== undefined && controllerOf(other)?.uid !== deployment.metadata.uid) {
      const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
      await writeStatus(context, RESOURCES.deployments, deployment, { ...deployment.status, collisionCount });
    }
    return false;
  }
  scaled(context, deployment, manifest.metadata.name, 0, manifest.spec.replicas);
  return true;
}

function scaled(
  context: ControllerContext,
  deployment: Deployment,
  set: string,
  from: number,
  to: number,
): void {
  if (from === to) return;
  const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${set} from ${from} to ${to}`;
  context.events.record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
}

async function writeRevision(
  { client }: ControllerContext,
  deployment: Deployment,
  replicaSets: ReplicaSet[],
  revision: string,
): Promise<void> {
  const body = { metadata: { annotations: { [REVISION_ANNOTATION]: revision } } };
  const current = replicaSets.find(
    ({ spec }) => spec.template !== undefined && sameTemplate(spec.template, deployment.spec.template),
  );
  const { namespace } = deployment.metadata;
  if (current !== undefined && current.metadata.annotations?.[REVISION_ANNOTATION] !== revision) {
    const key = { namespace, name: current.metadata.name };
    await client.patch(RESOURCES.replicaSets, key, { type: 'merge', body });
  }
  if (deployment.metadata.annotations?.[REVISION_ANNOTATION] !== revision) {
    const key = { namespace, name: deployment.metadata.name };
    await client.patch(RESOURCES.deployments, key, { type: 'merge', body });
  }
}
