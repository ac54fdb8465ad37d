import type { PaymentVaultPlan } from '../desired/payment-vault.ts';
import { RESOURCES } from '../engine/index.ts';
import { jobFailedAt } from '../status/observed-types.ts';
import type { Context } from './context.ts';
import type { ReadVault } from './parse.ts';

/** A Job that failed for good is made again after a while: what was wrong may have been mended. */
const RERUN_AFTER_MS = 5 * 60_000;

export async function rerunFailedMigrations(
  context: Context,
  vault: ReadVault,
  plan: PaymentVaultPlan,
): Promise<void> {
  const ours = context.caches.jobs.store.byIndex(vault.metadata.uid ?? '');
  for (const name of Object.values(plan.migrations)) {
    const job = ours.find(({ metadata }) => metadata.name === name);
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
