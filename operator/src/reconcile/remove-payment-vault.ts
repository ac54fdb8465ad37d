import { FINALIZER } from '@cofferdam/crds';
import { CircuitOpenError } from '@cofferdam/runtime/process';
import { keyReference } from '../desired/key.ts';
import { dropFinalizer, isKubeError, keyOf, type WorkResult } from '../engine/index.ts';
import { deletingConditions, saysDeleting } from '../status/lifecycle.ts';
import { type Context, stamp } from './context.ts';
import { HeldUpError, orUnsaid } from './held-up.ts';
import type { ReadVault } from './parse.ts';
import { removeChildren } from './remove-children.ts';
import { PAYMENT_VAULTS } from './resources.ts';
import { claimantsOf } from './vault-id-claim.ts';
import { writeStatus } from './write-status.ts';

/** The deletion plan: our objects, then the grant (and the key, where that was asked for), then the finalizer. */
export async function removePaymentVault(context: Context, vault: ReadVault): Promise<WorkResult> {
  if (!vault.metadata.finalizers?.includes(FINALIZER)) return undefined;
  // A repeated attempt does not take back what was said of why the one before had to wait.
  const begun = saysDeleting(vault) ? vault : await sayDeleting(context, vault).catch(orUnsaid(vault));
  await removeChildren(context, vault);
  await releaseKey(context, vault);
  context.key.forget(keyOf(vault));
  context.topics.forget(keyOf(vault));
  await dropFinalizer(context.client, PAYMENT_VAULTS, begun, FINALIZER);
  return undefined;
}

function sayDeleting(context: Context, vault: ReadVault): Promise<ReadVault> {
  const conditions = deletingConditions(vault, stamp(context.clock));
  return writeStatus(context, PAYMENT_VAULTS, vault, { ...vault.status, conditions });
}

/** A KMS that cannot be asked holds up a deletion for a while, and then no longer. */
async function releaseKey(context: Context, vault: ReadVault): Promise<void> {
  // Another resource with this vaultId waits for it, or has it: the key is that one's now.
  if (claimantsOf(context, vault).length > 0) return;
  const policy = vault.spec.deletionPolicy ?? 'Retain';
  const key = `${keyOf(vault)} ${vault.metadata.uid}`;
  try {
    await context.releaseKey(keyReference(vault, context.facts()), policy);
    context.unanswered.delete(key);
  } catch (error) {
    if (isKubeError(error, 'not_leading')) throw error;
    // Not from when it was deleted: what came before may have taken long, and one lost answer must not leave a key.
    const since = context.unanswered.get(key) ?? {
      time: context.clock.now(),
      ms: context.clock.monotonicMs(),
    };
    context.unanswered.set(key, since);
    // What opened the breaker, or the condition would say one and the other in turn.
    const cause = error instanceof CircuitOpenError ? (error.cause ?? error) : error;
    const problem = `KMS could not be asked (${cause instanceof Error ? cause.message : cause})`;
    const patienceMs = context.patience[policy];
    if (context.clock.monotonicMs() - since.ms < patienceMs) {
      const until = new Date(since.time + patienceMs).toISOString();
      throw new HeldUpError(`${problem}; without an answer it is given up at ${until}`, { cause: error });
    }
    context.unanswered.delete(key);
    const left = policy === 'Delete' ? 'the key and its grant' : 'the grant';
    const message = `${problem}: ${left} of vaultId ${vault.spec.vaultId} may be left`;
    context.events.record(vault, { type: 'Warning', reason: 'KmsUnreachable', message });
    context.log.warn({ vault: keyOf(vault), err: error }, message);
  }
}
