import { caConfigMap } from '../desired/config-map.ts';
import { identityOf, ownerReferenceTo } from '../engine/index.ts';
import type { Context } from './context.ts';
import { logWritten } from './log-written.ts';
import type { ReadVault } from './parse.ts';

/**
 * The one thing that is done for every vault, also for one that is paused or that the operator cannot go on with. Pods
 * go on renewing their certificates, which the next authority signs one day: with the bundle as it was, none of them
 * would believe another or reach the authority, and a day later the vault would be down.
 */
export async function keepTrust(context: Context, vault: ReadVault): Promise<void> {
  const wanted = caConfigMap(vault, context.facts());
  const observed = context.caches
    .childrenOf(vault.metadata.uid ?? '')
    .filter((child) => identityOf(child) === identityOf(wanted));
  // The first time is for the plan.
  if (observed.length === 0) return;
  const owner = ownerReferenceTo(vault);
  const { written } = await context.applySet.converge({ owner, wanted: [wanted], observed });
  logWritten(context.log, vault, written);
}
