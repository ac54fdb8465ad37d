import { migrationJob, servesTarget } from '../desired/job.ts';
import { names, podSelector } from '../desired/names.ts';
import {
  MIGRATION_ANNOTATION,
  type ObservedForVault,
  type PaymentVaultPlan,
} from '../desired/payment-vault.ts';
import { isRoutable } from '../desired/psp-connector.ts';
import { migrationComponent } from '../desired/vault-component.ts';
import { covers, keyOf } from '../engine/index.ts';
import { isRolledOut, jobState } from '../status/observed-types.ts';
import type { Context } from './context.ts';
import { observeCertificates } from './observe-certificates.ts';
import { type ReadVault, readConnector, tryRead } from './parse.ts';
import { podTroubleOf } from './pod-trouble-of.ts';
import { isChanging, turnOf } from './rollouts.ts';
import { statuszOf } from './statusz-of.ts';

type Role = 'vault' | 'router';
const DATABASE_KEYS = 'host, port, dbname, username, password';

/** What the plan needs of the cluster: from the caches, but for a schema that only pods can tell. */
export async function gatherVault(
  context: Context,
  vault: ReadVault,
  keyArn: string | undefined,
): Promise<ObservedForVault> {
  const { name, namespace = '', uid = '' } = vault.metadata;
  const connectors = context.caches.connectors.store
    .byIndex(keyOf(vault))
    .map((one) => tryRead(readConnector, one))
    .filter((one) => one !== undefined)
    .filter((one) => {
      const deployments = context.caches.deployments.store.byIndex(one.metadata.uid ?? '');
      return isRoutable(one, context.facts(), { hasDeployment: deployments.length > 0 });
    });
  const jobs = context.caches.jobs.store.byIndex(uid);
  const deployed = (role: Role) => context.caches.deployments.store.get(namespace, names[role](name));
  const observed: ObservedForVault = {
    connectors,
    completedJobs: new Set(
      jobs.filter((job) => jobState(job) === 'complete').map(({ metadata }) => metadata.name),
    ),
    jobs: new Set(jobs.map(({ metadata }) => metadata.name)),
    deployments: { vault: deployed('vault'), router: deployed('router') },
    keyArn,
    turn: turnOf(context, vault),
  };
  return { ...observed, schemaIsCurrent: await reportedSchemas(context, vault, observed) };
}

/**
 * Where a Deployment of the wanted code on the wanted database does not name the migration that came before it (an
 * operator of another release made it), its own pods say whether one is needed.
 */
async function reportedSchemas(
  context: Context,
  vault: ReadVault,
  { deployments = {} }: ObservedForVault,
): Promise<NonNullable<ObservedForVault['schemaIsCurrent']>> {
  const { name } = vault.metadata;
  const isCurrent = async (role: Role) => {
    const wanted = migrationComponent(role, vault, context.facts());
    const job = migrationJob(wanted, vault).object.metadata.name;
    const found = deployments[role];
    if (found === undefined || found.metadata.annotations?.[MIGRATION_ANNOTATION] === job) return false;
    if (!isRolledOut(found) || !covers(found.spec?.template, servesTarget(wanted))) return false;
    const said = await statuszOf(context, vault, names[role](name));
    return said?.schema !== undefined && said.schema.current >= said.schema.wanted;
  };
  return { vault: await isCurrent('vault'), router: await isCurrent('router') };
}

/** What the conditions need beyond the plan: read after the writes, so that it says what they led to. */
export async function observeVault(context: Context, vault: ReadVault, plan: PaymentVaultPlan) {
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
        changing: isChanging(plan.manifests, deployment),
      },
      migrated: deployment?.metadata.annotations?.[MIGRATION_ANNOTATION] === plan.migrations[role],
    };
  };
  const [forVault, forRouter] = [await of('vault'), await of('router')];
  const serves = (forVault.workload.deployment?.status?.availableReplicas ?? 0) > 0;
  const statusz = serves ? await statuszOf(context, vault, names.vault(name)) : undefined;
  if (statusz?.key?.state === 'unavailable') context.key.doubt(keyOf(vault));
  return {
    jobs: { vault: forVault.job, router: forRouter.job },
    jobTrouble: { vault: forVault.jobTrouble, router: forRouter.jobTrouble },
    workloads: { vault: forVault.workload, router: forRouter.workload },
    migrated: { vault: forVault.migrated, router: forRouter.migrated },
    statusz,
    certificates: await observeCertificates(context, vault, [names.vault(name), names.router(name)]),
  };
}
