import { FINALIZER, type PaymentVaultStatus, type PSPConnectorStatus } from '@cofferdam/crds';
import { dropFinalizer, isKubeError, type KubeObject, type Resource } from '../engine/index.ts';
import { deletingConditions, failedConditions, stalledConditions } from '../status/lifecycle.ts';
import { type Context, stamp } from './context.ts';
import { HeldUpError } from './held-up.ts';
import type { UnreadableError } from './parse.ts';
import { writeStatus } from './write-status.ts';

type Parent = KubeObject & { status?: PaymentVaultStatus | PSPConnectorStatus };

/** Failures before people are told: most are over with the next try. */
const TRIES = 3;

/** The resource cannot be read: says so, and changes nothing. */
export async function reportUnreadable(
  context: Context,
  resource: Resource,
  object: Parent,
  { reason, message }: UnreadableError,
): Promise<void> {
  if (object.metadata.deletionTimestamp !== undefined) {
    // What it owns outside is kept by default, and a deletion must not wait for another operator.
    await dropFinalizer(context.client, resource, object, FINALIZER);
    return;
  }
  const conditions = stalledConditions(object, { reason, message }, stamp(context.clock));
  // All that a newer operator has written besides stays: what is not applied again would be taken away.
  await writeStatus(context, resource, object, { ...object.status, ...observed(object), conditions });
}

/** Without it a reader takes what is said for the operator's word about an older spec, and waits. */
function observed({ metadata }: Parent): { observedGeneration: number } {
  return { observedGeneration: metadata.generation ?? 0 };
}

/**
 * What no check of ours foresaw becomes a condition when it happens again and again: who looks at the resource must
 * not have to find the operator's log first. It is tried again all the same.
 */
export async function reportFailure(
  context: Context,
  resource: Resource,
  object: Parent,
  failure: { error: unknown; failedBefore: number },
): Promise<void> {
  const { error, failedBefore } = failure;
  const isDeleting = object.metadata.deletionTimestamp !== undefined;
  const known = error instanceof HeldUpError;
  if ((failedBefore + 1 < TRIES && !known) || isKubeError(error, 'conflict', 'not_leading')) return;
  const text = (error instanceof Error ? error.message : String(error)).slice(0, 1024);
  const now = stamp(context.clock);
  // A deletion says that it is one, or each try would say so again and take back why the one before failed.
  const conditions = isDeleting ? deletingConditions(object, now, text) : failedConditions(object, text, now);
  try {
    const status = { ...object.status, ...(isDeleting ? {} : observed(object)), conditions };
    await writeStatus(context, resource, object, status);
  } catch {
    // The failure itself is what gets logged and counted; it may well be the reason why this cannot be written.
  }
}
