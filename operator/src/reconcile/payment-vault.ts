import { FINALIZER, type PaymentVaultStatus } from '@cofferdam/crds';
import { type KeyOutcome, keyPlan } from '../desired/key.ts';
import { planPaymentVault } from '../desired/payment-vault.ts';
import { type TopicsOutcome, topicsPlan } from '../desired/topics.ts';
import {
  ensureFinalizer,
  type KubeObject,
  keyOf,
  ownerReferenceTo,
  type WorkResult,
} from '../engine/index.ts';
import { initialConditions, pausedConditions, stalledConditions } from '../status/lifecycle.ts';
import { paymentVaultStatus } from '../status/payment-vault.ts';
import { applyProblem } from './apply-problem.ts';
import { type Context, stamp } from './context.ts';
import { logWritten } from './log-written.ts';
import { gatherVault, observeVault } from './observe-vault.ts';
import { type ReadVault, readVault } from './parse.ts';
import { removePaymentVault } from './remove-payment-vault.ts';
import { rerunFailedMigrations } from './rerun-migrations.ts';
import { PAYMENT_VAULTS } from './resources.ts';
import { resyncAfter } from './resync.ts';
import { vaultIdHolder } from './vault-id-claim.ts';
import { writeStatus } from './write-status.ts';

/**
 * One pass over one PaymentVault, the same whatever woke it: gather, plan, apply, status. It may stop at any await
 * and be begun again.
 */
export async function reconcilePaymentVault(context: Context, raw: KubeObject): Promise<WorkResult> {
  const vault = readVault(raw);
  if (vault.metadata.deletionTimestamp !== undefined) return removePaymentVault(context, vault);
  if (!(await admit(context, vault))) return { afterMs: context.resync.notReadyMs };

  const facts = context.facts();
  const key = await bindKey(context, vault);
  const topics = await ensureTopics(context, vault);

  const observed = gatherVault(context, vault, key.keyArn);
  const plan = planPaymentVault(vault, observed, facts);

  const { written, refused } = await context.applySet.converge({
    owner: ownerReferenceTo(vault),
    wanted: plan.manifests,
    observed: context.caches.childrenOf(vault.metadata.uid ?? ''),
    kept: ({ resource, object }) =>
      resource.kind === 'Deployment' && plan.held.includes(object.metadata.name),
  });
  logWritten(context.log, vault, written);
  await rerunFailedMigrations(context, vault, plan);

  const seen = await observeVault(context, vault, plan);
  const connectors = observed.connectors.length;
  const status = paymentVaultStatus(
    vault,
    { ...seen, plan, key, topics, connectors, applyProblem: applyProblem(refused) },
    { facts, now: stamp(context.clock) },
  );
  await writeStatus(context, PAYMENT_VAULTS, vault, status);
  return { afterMs: resyncAfter(status.conditions, context.resync) };
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

async function bindKey(context: Context, vault: ReadVault): Promise<KeyOutcome> {
  const plan = keyPlan(vault, context.facts());
  if ('refused' in plan) return { problem: { reason: plan.refused, message: plan.message } };
  const outcome = await context.key.ask(keyOf(vault), plan);
  const unreachable = ['KmsUnreachable', 'KmsAccessDenied'].includes(outcome.problem?.reason ?? '');
  // While KMS cannot be asked, what was proven before holds: nothing is rolled or held back for an outage.
  return unreachable ? { ...vault.status?.kms, ...outcome } : outcome;
}

async function ensureTopics(context: Context, vault: ReadVault): Promise<TopicsOutcome> {
  const plan = topicsPlan(vault, context.facts());
  return plan.manage === 'Admin' ? context.topics.ask(keyOf(vault), plan) : { topics: [] };
}
