import { FINALIZER, type PSPConnectorStatus } from '@cofferdam/crds';
import { names, podSelector } from '../desired/names.ts';
import { planPSPConnector } from '../desired/psp-connector.ts';
import { tooOldFor } from '../desired/release.ts';
import {
  dropFinalizer,
  ensureFinalizer,
  isKubeError,
  type KubeObject,
  keyOf,
  type Observed,
  ownerReferenceTo,
  RESOURCES,
  type WorkResult,
} from '../engine/index.ts';
import {
  deletingConditions,
  initialConditions,
  saysDeleting,
  stalledConditions,
} from '../status/lifecycle.ts';
import { pspConnectorStatus } from '../status/psp-connector.ts';
import { applyProblem } from './apply-problem.ts';
import { type Context, stamp } from './context.ts';
import { orUnsaid } from './held-up.ts';
import { logWritten } from './log-written.ts';
import { observeCertificates } from './observe-certificates.ts';
import { type ReadConnector, type ReadVault, readConnector, readVault, tryRead } from './parse.ts';
import { podTroubleOf } from './pod-trouble-of.ts';
import { removeChildren } from './remove-children.ts';
import { PSP_CONNECTORS } from './resources.ts';
import { resyncAfter } from './resync.ts';
import { isChanging, isDone, rolloutStatus, turnOf } from './rollouts.ts';
import { statuszOf } from './statusz-of.ts';
import { writeStatus } from './write-status.ts';

/** One pass over one PSPConnector: gather, plan, apply, status. */
export async function reconcilePSPConnector(context: Context, raw: KubeObject): Promise<WorkResult> {
  const now = stamp(context.clock);
  const connector = readConnector(raw);
  const { name, namespace = '', generation = 0, uid = '' } = connector.metadata;
  const write = (status: PSPConnectorStatus) => writeStatus(context, PSP_CONNECTORS, connector, status);

  if (connector.metadata.deletionTimestamp !== undefined) return removePSPConnector(context, connector);
  const tooOld = tooOldFor(connector, context.facts());
  if (tooOld !== undefined) {
    const conditions = stalledConditions(connector, { reason: 'OperatorTooOld', message: tooOld }, now);
    await write({ ...connector.status, observedGeneration: generation, conditions });
    return { afterMs: context.resync.notReadyMs };
  }
  const begun =
    connector.status?.conditions === undefined
      ? await write({ conditions: initialConditions(generation, now) })
      : connector;
  await ensureFinalizer(context.client, PSP_CONNECTORS, begun, FINALIZER);

  const vault = vaultOf(context, connector);
  const turn = turnOf(context, connector);
  const before = context.caches.deployments.store.get(namespace, names.connector(name));
  const plan = planPSPConnector(connector, vault, context.facts(), {
    deployment: before,
    turn,
    hasNetworkPolicy: before !== undefined && (await hasNetworkPolicy(context, connector)),
  });

  const isRefused = 'refused' in plan;
  const wanted = isRefused ? plan.repairs : plan.manifests;
  // A paused vault changes nothing, its connectors included; of a refused plan only repairs are made.
  const isLeft = vault?.spec.paused || wanted.length === 0;
  const { written, refused } = isLeft
    ? { written: [], refused: [] }
    : await context.applySet.converge({
        owner: ownerReferenceTo(connector),
        wanted,
        observed: context.caches.childrenOf(uid),
        kept: ({ resource }) => isRefused || (resource.kind === 'Deployment' && plan.queued),
      });

  logWritten(context.log, connector, written);

  const deployment = context.caches.deployments.store.get(namespace, names.connector(name));
  const changing = isChanging(wanted, deployment);
  const serves = (deployment?.status?.availableReplicas ?? 0) > 0;
  const pods = podSelector({ role: 'connector', instance: name }, 'api');
  const trouble = await podTroubleOf(context, namespace, pods);
  const workload = { name: names.connector(name), deployment, trouble, changing };
  const isHeld = isRefused || plan.queued;
  const rollout = rolloutStatus(context, connector, {
    turn,
    done: !isLeft && refused.length === 0 && !isHeld && isDone({ workload }),
    vaultGeneration: vault?.metadata.generation,
  });
  const status = pspConnectorStatus(
    connector,
    {
      plan,
      vault,
      workload,
      turn,
      rollout,
      release: context.facts().release,
      statusz: serves
        ? await statuszOf(context, vault ?? { metadata: { namespace }, spec: {} }, names.connector(name))
        : undefined,
      certificates:
        vault === undefined ? undefined : await observeCertificates(context, vault, [names.connector(name)]),
      applyProblem: applyProblem(refused),
    },
    now,
  );
  await write(status);
  return resyncAfter(status.conditions, context.resync, { turn, now: context.clock.now() });
}

function vaultOf(context: Context, connector: ReadConnector): ReadVault | undefined {
  const found = context.caches.vaults.store.get(connector.metadata.namespace, connector.spec.vaultRef.name);
  if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined;
  return tryRead(readVault, found);
}

/** Of its own. The cache may be behind, and what is only not seen must not be written over. */
async function hasNetworkPolicy(context: Context, { metadata }: ReadConnector): Promise<boolean> {
  const { namespace, uid = '' } = metadata;
  const name = names.connector(metadata.name);
  const resource = RESOURCES.networkPolicies;
  const isIt = (child: Observed) =>
    child.resource.kind === resource.kind && child.object.metadata.name === name;
  if (context.caches.childrenOf(uid).some(isIt)) return true;
  const found = await context.client.get(resource, { namespace, name }).catch((error) => {
    if (isKubeError(error, 'not_found')) return undefined;
    throw error;
  });
  return found?.metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}

async function removePSPConnector(context: Context, connector: ReadConnector): Promise<WorkResult> {
  if (!connector.metadata.finalizers?.includes(FINALIZER)) return undefined;
  const conditions = deletingConditions(connector, stamp(context.clock));
  const current = saysDeleting(connector)
    ? connector
    : await writeStatus(context, PSP_CONNECTORS, connector, { ...connector.status, conditions }).catch(
        orUnsaid(connector),
      );
  await removeChildren(context, connector);
  context.log.info({ connector: keyOf(connector) }, 'removed');
  await dropFinalizer(context.client, PSP_CONNECTORS, current, FINALIZER);
  return undefined;
}
