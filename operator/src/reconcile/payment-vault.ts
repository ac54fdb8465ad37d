import { FINALIZER, type PaymentVaultStatus } from '@cofferdam/crds';
import { planPaymentVault } from '../desired/payment-vault.ts';
import { tooOldFor } from '../desired/release.ts';
import { isManaged, type TopicsOutcome, topicsPlan } from '../desired/topics.ts';
import {
  ensureFinalizer,
  type KubeObject,
  keyOf,
  ownerReferenceTo,
  type WorkResult,
} from '../engine/index.ts';
import { initialConditions, pausedConditions, stalledConditions } from '../status/lifecycle.ts';
import { kmsStatus, paymentVaultStatus } from '../status/payment-vault.ts';
import { applyProblem } from './apply-problem.ts';
import { bindKey, retireKeys } from './bind-key.ts';
import { type Context, stamp } from './context.ts';
import { keepTrust } from './keep-trust.ts';
import { logWritten } from './log-written.ts';
import { gatherVault, observeVault } from './observe-vault.ts';
import { type ReadVault, readVault } from './parse.ts';
import { removePaymentVault } from './remove-payment-vault.ts';
import { rerunMigrations } from './rerun-migrations.ts';
import { PAYMENT_VAULTS } from './resources.ts';
import { resyncAfter } from './resync.ts';
import { isDone, rolloutStatus } from './rollouts.ts';
import { vaultIdHolder } from './vault-id-claim.ts';
import { writeStatus } from './write-status.ts';

/**
 * One pass over one PaymentVault, the same whatever woke it: gather, plan, apply, status. It may stop at any await
 * and be begun again.
 */
export async function reconcilePaymentVault(context: Context, raw: KubeObject): Promise<WorkResult> {
  const admitted = readVault(raw);
  if (admitted.metadata.deletionTimestamp !== undefined) return removePaymentVault(context, admitted);
  await keepTrust(context, admitted);
  if (!(await admit(context, admitted))) return { afterMs: context.resync.notReadyMs };

  const facts = context.facts();
  const { key: bound, vault } = await bindKey(context, admitted);
  const topics = await ensureTopics(context, vault);

  const { merchantKeys } = kmsStatus(bound, vault.status?.kms);
  const observed = { ...(await gatherVault(context, vault, bound.keyArn)), merchantKeys };
  const plan = planPaymentVault(vault, observed, facts);

  const { written, refused } = await context.applySet.converge({
    owner: ownerReferenceTo(vault),
    wanted: plan.manifests,
    observed: context.caches.childrenOf(vault.metadata.uid ?? ''),
    kept: ({ resource, object }) =>
      plan.held.some(({ kind, name }) => kind === resource.kind && name === object.metadata.name),
  });
  logWritten(context.log, vault, written);
  await rerunMigrations(context, vault, plan);

  const seen = await observeVault(context, vault, plan);
  const key = await retireKeys(context, vault, { key: bound, seen });
  const connectors = observed.connectors.length;
  const turn = observed.turn ?? { turn: 'Free' };
  const rollout = rolloutStatus(context, vault, {
    turn,
    done:
      refused.length === 0 && plan.held.every(({ kind }) => kind !== 'Deployment') && isDone(seen.workloads),
  });
  const status = paymentVaultStatus(
    vault,
    { ...seen, plan, key, topics, connectors, applyProblem: applyProblem(refused), turn, rollout },
    { facts, now: stamp(context.clock) },
  );
  await writeStatus(context, PAYMENT_VAULTS, vault, status);
  return resyncAfter(status.conditions, context.resync, { turn, now: context.clock.now() });
}

/** Whether there is anything to do for it now. `Ready=Unknown` is the first thing written, the finalizer the second. */
async function admit(context: Context, vault: ReadVault): Promise<boolean> {
  const now = stamp(context.clock);
  const { generation = 0 } = vault.metadata;
  const say = (conditions: PaymentVaultStatus['conditions']) =>
    writeStatus(context, PAYMENT_VAULTS, vault, {
      ...vault.status,
      observedGeneration: generation,
      conditions,
    });
  if (vault.spec.paused) {
    await say(pausedConditions(vault, now));
    return false;
  }
  const tooOld = tooOldFor(vault, context.facts());
  if (tooOld !== undefined) {
    const why = { reason: 'OperatorTooOld', message: tooOld } as const;
    await say(stalledConditions(vault, why, now));
    return false;
  }
  const holder = vaultIdHolder(context, vault);
  if (holder !== undefined) {
    const message = `vaultId ${vault.spec.vaultId} is already used by PaymentVault ${keyOf(holder)}: nothing is done until that one is deleted, or this one is made with another vaultId`;
    await say(stalledConditions(vault, { reason: 'VaultIdInUse', message }, now));
    return false;
  }
  const isNew = vault.status?.conditions === undefined;
  const begun = isNew
    ? await writeStatus(context, PAYMENT_VAULTS, vault, { conditions: initialConditions(generation, now) })
    : vault;
  await ensureFinalizer(context.client, PAYMENT_VAULTS, begun, FINALIZER);
  return true;
}

async function ensureTopics(context: Context, vault: ReadVault): Promise<TopicsOutcome> {
  const plan = topicsPlan(vault, context.facts());
  return isManaged(plan) ? context.topics.ask(keyOf(vault), plan) : { topics: [] };
}
