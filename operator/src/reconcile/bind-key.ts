import type { Statusz } from '@cofferdam/contracts';
import {
  isUnanswered,
  type KeyOutcome,
  keyPlan,
  keyReference,
  previousKeys,
  retirable,
} from '../desired/key.ts';
import { merchantKeyArns, withNewMerchantKeys } from '../desired/merchant-keys.ts';
import { podSelector } from '../desired/names.ts';
import { ROLE_ANNOTATION } from '../desired/vault-component.ts';
import { isKubeError, keyOf } from '../engine/index.ts';
import { kmsStatus } from '../status/payment-vault.ts';
import { rolledOut, type Workload } from '../status/workload.ts';
import type { Context } from './context.ts';
import type { ReadVault } from './parse.ts';
import { podsOf } from './pod-trouble-of.ts';
import { PAYMENT_VAULTS } from './resources.ts';
import { writeStatus } from './write-status.ts';

type KmsStatus = NonNullable<ReadVault['status']>['kms'];

/** Of `status.kms.previousKeyArns`: the API server takes no status with more. */
const MOST_PREVIOUS_KEYS = 16;

/**
 * Binds the key. When that is another than before, the one before is written down first: its grant must outlive
 * every stop between here and the last data key that is wrapped anew.
 * @returns the vault as it is now, for a later write that must not be a late one
 */
export async function bindKey(
  context: Context,
  admitted: ReadVault,
): Promise<{ key: KeyOutcome; vault: ReadVault }> {
  const vault = await writeDownMerchantKeys(context, admitted);
  const before = vault.status?.kms;
  const outcome = await askForKey(context, vault);
  for (const { reason, message } of outcome.repaired ?? []) {
    context.events.record(vault, { type: 'Warning', reason, message });
    context.log.warn({ vault: keyOf(vault), reason }, message);
  }
  // While KMS cannot be asked, what was proven before holds: nothing is rolled or held back for an outage.
  const { merchantKeys: _, ...proven } = before ?? {};
  const known = isUnanswered(outcome) ? { ...proven, ...outcome } : outcome;
  const previousKeyArns = previousKeys(before, known.keyArn);
  if (previousKeyArns.length > MOST_PREVIOUS_KEYS) return { key: oneTooMany(known, before), vault };
  const key = { ...known, previousKeyArns };
  if (previousKeyArns.length <= (before?.previousKeyArns?.length ?? 0)) return { key, vault };
  const message = `key ${known.keyArn} takes the place of ${before?.keyArn}, whose grant stays until no data key is wrapped under it`;
  context.events.record(vault, { type: 'Normal', reason: 'KeyReplaced', message });
  const status = { ...vault.status, kms: kmsStatus(key, before) };
  const written = await writeStatus(context, PAYMENT_VAULTS, vault, status);
  return { key, vault: { ...written, status } };
}

/** Before anything is granted on one, so that it is taken back whatever happens in between. */
async function writeDownMerchantKeys(context: Context, vault: ReadVault): Promise<ReadVault> {
  const merchantKeys = withNewMerchantKeys(vault);
  if (merchantKeys === undefined) return vault;
  const status = { ...vault.status, kms: { ...vault.status?.kms, merchantKeys } };
  const written = await writeStatus(context, PAYMENT_VAULTS, vault, status);
  return { ...written, status };
}

/** To forget a key that something is wrapped under is no way out: the vault stays with the key that it has. */
function oneTooMany({ keyArn }: KeyOutcome, before: KmsStatus): KeyOutcome {
  const message = `key ${keyArn} does not take the place of ${before?.keyArn}: ${MOST_PREVIOUS_KEYS} keys of before are still needed, and no more can be kept. See why status.kms.previousKeyArns does not grow shorter, or name ${before?.keyArn} in spec.kms again`;
  const { merchantKeys: _, ...kept } = before ?? {};
  return { ...kept, problem: { reason: 'KeyUnsuitable', message } };
}

async function askForKey(context: Context, vault: ReadVault): Promise<KeyOutcome> {
  const plan = keyPlan(vault, context.facts());
  if ('refused' in plan) return { problem: { reason: plan.refused, message: plan.message } };
  const rolesOfBefore = runsUnderAnotherRole(context, vault);
  return context.key.ask(keyOf(vault), rolesOfBefore ? { ...plan, rolesOfBefore } : plan);
}

/** A pod keeps the role that it was made with, and must be able to use the key until another has taken its place. */
function runsUnderAnotherRole(context: Context, vault: ReadVault): boolean {
  const { name, namespace } = vault.metadata;
  const pods = podsOf(context, namespace ?? '', podSelector({ role: 'vault', instance: name }, 'api'));
  return pods.some(
    ({ metadata }) => metadata.annotations?.[ROLE_ANNOTATION] !== vault.spec.kms.granteePrincipal,
  );
}

/**
 * Takes back the grants on keys of before that nothing needs any more. The other way round, a key that the vault says
 * it needs and that nobody remembers is one of before again, and gets its grant with the next look, if its tag says
 * that it is this vault's: a pod that was about to end wrapped once more under it, or the database is that of a backup.
 */
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
  const { previousKeyArns = [], merchantKeys } = key;
  const hasLeft = (keyArn: string) => gone.has(keyArn) || keyArn === key.keyArn;
  const kept = new Set([
    ...previousKeyArns.filter((arn) => !gone.has(arn)),
    ...neededAgain(key, { statusz: seen.statusz, ofMerchants: merchantKeyArns(vault) }),
  ]);
  return {
    ...key,
    ...(merchantKeys === undefined
      ? {}
      : { merchantKeys: merchantKeys.filter(({ retiring, keyArn }) => !retiring || !hasLeft(keyArn)) }),
    previousKeyArns: [...kept].slice(0, MOST_PREVIOUS_KEYS),
  };
}

function neededAgain(
  { keyArn, previousKeyArns = [] }: KeyOutcome,
  { statusz, ofMerchants }: { statusz: Statusz | undefined; ofMerchants: readonly string[] },
): string[] {
  if (keyArn === undefined) return [];
  const known = [keyArn, ...previousKeyArns, ...ofMerchants];
  return (statusz?.key?.inUse ?? []).filter((arn) => !known.includes(arn));
}
