import { FINALIZER, type PaymentVaultStatus } from '@cofferdam/crds';
import type { KeyOutcome } from '../desired/key.ts';
import { keyPlan } from '../desired/key.ts';
import { names, podSelector, serviceUrl } from '../desired/names.ts';
import {
  MIGRATION_ANNOTATION,
  type ObservedForVault,
  type PaymentVaultPlan,
  planPaymentVault,
} from '../desired/payment-vault.ts';
import { isRoutable } from '../desired/psp-connector.ts';
import { type TopicsOutcome, type TopicsPlan, topicsPlan } from '../desired/topics.ts';
import {
  dropFinalizer,
  ensureFinalizer,
  isKubeError,
  type KubeObject,
  keyOf,
  ownerReferenceTo,
  RESOURCES,
  type WorkResult,
} from '../engine/index.ts';
import { deletingConditions, initialConditions, pausedConditions } from '../status/lifecycle.ts';
import { jobFailedAt, jobState } from '../status/observed-types.ts';
import { paymentVaultStatus } from '../status/payment-vault.ts';
import { applyProblem } from './apply-problem.ts';
import { type Context, stamp } from './context.ts';
import { type ReadVault, readConnector, readVault, tryRead } from './parse.ts';
import { podTroubleOf } from './pod-trouble-of.ts';
import { PAYMENT_VAULTS } from './resources.ts';
import { resyncAfter } from './resync.ts';
import { writeStatus } from './write-status.ts';

type Role = 'vault' | 'router';
const DATABASE_KEYS = 'host, port, dbname, username, password';

/**
 * One pass over one PaymentVault, the same whatever woke it: gather, plan, apply, status. It may stop at any await
 * and be begun again.
 */
export async function reconcilePaymentVault(context: Context, raw: KubeObject): Promise<WorkResult> {
  const now = stamp(context.clock);
  const vault = readVault(raw);
  const write = (status: PaymentVaultStatus) => writeStatus(context, PAYMENT_VAULTS, vault, status);

  if (vault.metadata.deletionTimestamp !== undefined) return removePaymentVault(context, vault);
  const { generation = 0 } = vault.metadata;
  if (vault.spec.paused) {
    await write({
      ...vault.status,
      observedGeneration: generation,
      conditions: pausedConditions(vault, now),
    });
    return undefined;
  }
  const begun =
    vault.status?.conditions === undefined
      ? await write({ conditions: initialConditions(generation, now) })
      : vault;
  await ensureFinalizer(context.client, PAYMENT_VAULTS, begun, FINALIZER);

  const key = await bindKey(context, vault);
  const topics = await ensureTopics(context, vault, topicsPlan(vault, context.facts()));
  const observed = gather(context, vault, key);
  const plan = planPaymentVault(vault, observed, context.facts());

  const { written, refused } = await context.applySet.converge({
    owner: ownerReferenceTo(vault),
    wanted: plan.manifests,
    observed: context.caches.childrenOf(vault.metadata.uid ?? ''),
    kept: ({ resource, object }) =>
      resource.kind === 'Deployment' && plan.held.includes(object.metadata.name),
  });
  if (written.length > 0)
    context.log.info({ vault: keyOf(vault), written: written.map(summarize) }, 'applied');
  await rerunFailedMigrations(context, vault, plan);

  const seen = await observe(context, vault, plan);
  const status = paymentVaultStatus(
    vault,
    {
      ...seen,
      plan,
      key,
      topics,
      connectors: observed.connectors.length,
      applyProblem: applyProblem(refused),
    },
    { facts: context.facts(), now },
  );
  await write(status);
  return { afterMs: resyncAfter(status.conditions, context.resync) };
}

/** A key that the vault's pods find unusable is looked at again at once, however fresh our memory is. */
async function bindKey(context: Context, vault: ReadVault): Promise<KeyOutcome> {
  const plan = keyPlan(vault, context.facts());
  if ('refused' in plan) return { problem: { reason: plan.refused, message: plan.message } };
  const outcome = await context.key.ask(keyOf(vault), plan);
  const unreachable = ['KmsUnreachable', 'KmsAccessDenied'].includes(outcome.problem?.reason ?? '');
  // While KMS cannot be asked, what was proven before holds: nothing is rolled or held back for an outage.
  const keyArn = vault.status?.kms?.keyArn;
  return unreachable && keyArn !== undefined ? { keyArn, ...outcome } : outcome;
}

async function ensureTopics(context: Context, vault: ReadVault, plan: TopicsPlan): Promise<TopicsOutcome> {
  return plan.manage === 'Admin' ? context.topics.ask(keyOf(vault), plan) : { topics: [] };
}

function gather(context: Context, vault: ReadVault, key: KeyOutcome): ObservedForVault {
  const { name, namespace = '', uid = '' } = vault.metadata;
  const connectors = context.caches.connectors.store
    .list()
    .filter((one) => one.metadata.namespace === namespace)
    .map((one) => tryRead(readConnector, one))
    .filter((one) => one !== undefined)
    .filter((one) => one.spec.vaultRef.name === name && isRoutable(one));
  const jobs = context.caches.jobs.store.byIndex(uid);
  const migratedBy = (role: Role) =>
    context.caches.deployments.store.get(namespace, names[role](name))?.metadata.annotations?.[
      MIGRATION_ANNOTATION
    ];
  return {
    connectors,
    completedJobs: new Set(
      jobs.filter((job) => jobState(job) === 'complete').map(({ metadata }) => metadata.name),
    ),
    migratedBy: { vault: migratedBy('vault'), router: migratedBy('router') },
    keyArn: key.keyArn,
  };
}

/** What the conditions need beyond the plan: read after the writes, so that it says what they led to. */
async function observe(context: Context, vault: ReadVault, plan: PaymentVaultPlan) {
  const { name, namespace = '' } = vault.metadata;
  const { deployments, jobs } = context.caches;
  const of = async (role: Role) => {
    const deployment = deployments.store.get(namespace, names[role](name));
    const selector = (component: 'api' | 'migration') => podSelector({ role, instance: name }, component);
    return {
      job: jobs.store.get(namespace, plan.migrations[role]),
      jobTrouble: await podTroubleOf(context, namespace, selector('migration'), DATABASE_KEYS),
      workload: {
        name: names[role](name),
        deployment,
        trouble: await podTroubleOf(context, namespace, selector('api'), DATABASE_KEYS),
      },
      migrated: deployment?.metadata.annotations?.[MIGRATION_ANNOTATION] === plan.migrations[role],
    };
  };
  const [forVault, forRouter] = [await of('vault'), await of('router')];
  const serves = (forVault.workload.deployment?.status?.availableReplicas ?? 0) > 0;
  const statusz = serves ? await context.statusz.read(serviceUrl(names.vault(name), namespace)) : undefined;
  if (statusz?.key?.state === 'unavailable') context.key.forget(keyOf(vault));
  return {
    jobs: { vault: forVault.job, router: forRouter.job },
    jobTrouble: { vault: forVault.jobTrouble, router: forRouter.jobTrouble },
    workloads: { vault: forVault.workload, router: forRouter.workload },
    migrated: { vault: forVault.migrated, router: forRouter.migrated },
    statusz,
  };
}

/** A Job that failed for good is made again after a while: what was wrong may have been mended. */
const RERUN_AFTER_MS = 5 * 60_000;

async function rerunFailedMigrations(
  context: Context,
  vault: ReadVault,
  plan: PaymentVaultPlan,
): Promise<void> {
  for (const name of Object.values(plan.migrations)) {
    const job = context.caches.jobs.store.get(vault.metadata.namespace, name);
    const failedAt = jobFailedAt(job);
    if (job === undefined || failedAt === undefined || context.clock.now() - failedAt < RERUN_AFTER_MS)
      continue;
    const { uid } = job.metadata;
    await context.client.delete(RESOURCES.jobs, job.metadata, {
      ...(uid === undefined ? {} : { uid }),
      propagationPolicy: 'Background',
    });
  }
}

/** How long a KMS that does not answer may hold up a deletion. */
const GIVE_UP_MS = { Retain: 60_000, Delete: 10 * 60_000 };

/** The deletion plan: our objects, then the grant (and the key, where that was asked for), then the finalizer. */
async function removePaymentVault(context: Context, vault: ReadVault): Promise<WorkResult> {
  if (!vault.metadata.finalizers?.includes(FINALIZER)) return undefined;
  const { generation = 0, uid = '', deletionTimestamp = '' } = vault.metadata;
  const conditions = deletingConditions(vault, generation, stamp(context.clock));
  const current = await writeStatus(context, PAYMENT_VAULTS, vault, { ...vault.status, conditions });
  const observed = context.caches.childrenOf(uid);
  await context.applySet.converge({ owner: ownerReferenceTo(vault), wanted: [], observed });

  const policy = vault.spec.deletionPolicy ?? 'Retain';
  const plan = keyPlan(vault, context.facts());
  try {
    if (!('refused' in plan)) await context.keys.release(plan, policy);
  } catch (error) {
    if (isKubeError(error, 'not_leading')) throw error;
    const patience = Date.parse(deletionTimestamp) + GIVE_UP_MS[policy] - context.clock.now();
    if (patience > 0) throw error;
    const message = `KMS could not be asked (${error instanceof Error ? error.message : error}): the grant of vaultId ${vault.spec.vaultId}${policy === 'Delete' ? ' and its key are' : ' is'} left as found`;
    context.events.record(vault, { type: 'Warning', reason: 'KmsUnreachable', message });
    context.log.warn({ vault: keyOf(vault), error }, message);
  }
  context.key.forget(keyOf(vault));
  context.topics.forget(keyOf(vault));
  await dropFinalizer(context.client, PAYMENT_VAULTS, current, FINALIZER);
  return undefined;
}

function summarize(item: { verb: string; resource: { kind: string }; object: KubeObject }): string {
  return `${item.verb} ${item.resource.kind}/${item.object.metadata.name}`;
}
