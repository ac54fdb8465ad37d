import type { PaymentVaultPlan } from '../desired/payment-vault.ts';
import { templateOf } from '../desired/pod-template.ts';
import { RESOURCES } from '../engine/index.ts';
import { jobFailedAt, jobState, type ObservedJob } from '../status/observed-types.ts';
import type { Context } from './context.ts';
import type { ReadVault } from './parse.ts';

/** A Job that failed for good is made again after a while: what was wrong may have been mended. */
const RERUN_AFTER_MS = 5 * 60_000;

/**
 * Deletes migration Jobs that get nowhere; the next pass makes them again. One that failed goes after a while, or at
 * once when its pods would be others now (more memory, say); one of which no pod runs, in the latter case only. A
 * Job of which a pod runs is left alone: somebody's log level is no reason to break off a migration.
 */
export async function rerunMigrations(
  context: Context,
  vault: ReadVault,
  plan: PaymentVaultPlan,
): Promise<void> {
  const ours = context.caches.jobs.store.byIndex(vault.metadata.uid ?? '');
  for (const role of ['vault', 'router'] as const) {
    const job = ours.find(({ metadata }) => metadata.name === plan.migrations[role]);
    if (job === undefined || job.metadata.deletionTimestamp !== undefined) continue;
    if (!getsNowhere(job, plan.migrationTemplates[role], context.clock.now())) continue;
    const { uid } = job.metadata;
    await context.client.delete(RESOURCES.jobs, job.metadata, {
      ...(uid === undefined ? {} : { uid }),
      propagationPolicy: 'Background',
    });
  }
}

function getsNowhere(job: ObservedJob, template: string, now: number): boolean {
  const failedAt = jobFailedAt(job);
  const isOther = templateOf(job) !== template;
  if (failedAt !== undefined) return isOther || now - failedAt >= RERUN_AFTER_MS;
  return isOther && jobState(job) === 'running' && (job.status?.ready ?? 0) === 0;
}
