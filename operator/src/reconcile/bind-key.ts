import type { Statusz } from '@cofferdam/contracts';
import {
  isUnanswered,
  type KeyOutcome,
  keyPlan,
  keyReference,
  previousKeys,
  retirable,
} from '../desired/key.ts';
import { isKubeError, keyOf } from '../engine/index.ts';
import { kmsStatus } from '../status/payment-vault.ts';
import { rolledOut, type Workload } from '../status/workload.ts';
import type { Context } from './context.ts';
import type { ReadVault } from './parse.ts';
import { PAYMENT_VAULTS } from './resources.ts';
import { writeStatus } from './write-status.ts';

/**
 * Binds the key. When that is another than before, the one before is written down first: its grant must outlive
 * every stop between here and the last data key that is wrapped anew.
 * @returns the vault as it is now, for a later write that must not be a late one
 */
export async function bindKey(
  context: Context,
  vault: ReadVault,
): Promise<{ key: KeyOutcome; vault: ReadVault }> {
  const before = vault.status?.kms;
  const outcome = await askForKey(context, vault);
  for (const { reason, message } of outcome.repaired ?? []) {
    context.events.record(vault, { type: 'Warning', reason, message });
    context.log.warn({ vault: keyOf(vault), reason }, message);
  }
  // While KMS cannot be asked, what was proven before holds: nothing is rolled or held back for an outage.
  const known = isUnanswered(outcome) ? { ...before, ...outcome } : outcome;
  const previousKeyArns = previousKeys(before, known.keyArn);
  const key = { ...known, previousKeyArns };
  if (previousKeyArns.length <= (before?.previousKeyArns?.length ?? 0)) return { key, vault };
  const message = `key ${known.keyArn} takes the place of ${before?.keyArn}, whose grant stays until no data key is wrapped under it`;
  context.events.record(vault, { type: 'Normal', reason: 'KeyReplaced', message });
  const status = { ...vault.status, kms: kmsStatus(key, before) };
  const written = await writeStatus(context, PAYMENT_VAULTS, vault, status);
  return { key, vault: { ...written, status } };
}

async function askForKey(context: Context, vault: ReadVault): Promise<KeyOutcome> {
  const plan = keyPlan(vault, context.facts());
  if ('refused' in plan) return { problem: { reason: plan.refused, message: plan.message } };
  return context.key.ask(keyOf(vault), plan);
}

/** Takes back the grants on keys of before that nothing needs any more. */
export async function retireKeys(
  context: Context,
  vault: ReadVault,
  options: { key: KeyOutcome; seen: { workloads: { vault: Workload }; statusz: Statusz | undefined } },
): Promise<KeyOutcome> {
  const { key, seen } = options;
  const gone = new Set<string>();
  const unneeded = retirable(key, {
    rolledOut: rolledOut(seen.workloads.vault) === undefined,
    reported: seen.statusz?.key,
    rekey: seen.statusz?.rekey,
  });
  for (const keyArn of unneeded) {
    try {
      await context.retireKey(keyReference(vault, context.facts()), keyArn);
    } catch (error) {
      if (isKubeError(error, 'not_leading')) throw error;
      context.log.warn({ vault: keyOf(vault), keyArn, err: error }, 'a grant cannot be taken back yet');
      continue;
    }
    gone.add(keyArn);
    const message = `nothing is wrapped under key ${keyArn} any more: its grant is taken back`;
    context.events.record(vault, { type: 'Normal', reason: 'KeyRetired', message });
  }
  return { ...key, previousKeyArns: (key.previousKeyArns ?? []).filter((arn) => !gone.has(arn)) };
}
