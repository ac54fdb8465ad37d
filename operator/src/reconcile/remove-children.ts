import { isKubeError, type KubeObject, keyOf, ownerReferenceTo } from '../engine/index.ts';
import type { Context } from './context.ts';
import { HeldUpError } from './held-up.ts';

/**
 * Deletes what a resource owns, before its finalizer goes. An API server that fails at it, as it does while a webhook
 * does not answer, holds a deletion up for a while and then no longer: who is gone leaves its children to the garbage
 * collector, which has more patience.
 */
export async function removeChildren(
  context: Pick<Context, 'applySet' | 'caches' | 'clock' | 'log' | 'patience'>,
  parent: KubeObject,
): Promise<void> {
  const { uid = '', deletionTimestamp = '' } = parent.metadata;
  const observed = context.caches.childrenOf(uid);
  try {
    await context.applySet.converge({ owner: ownerReferenceTo(parent), wanted: [], observed });
  } catch (error) {
    if (!isKubeError(error, 'server_error')) throw error;
    const givesUpAt = Date.parse(deletionTimestamp) + context.patience.Retain;
    if (context.clock.now() < givesUpAt) {
      const until = new Date(givesUpAt).toISOString();
      throw new HeldUpError(
        `the API server does not delete what it owns (${error.message}); left to the garbage collector at ${until}`,
        { cause: error },
      );
    }
    const fields = { kind: parent.kind, resource: keyOf(parent), err: error };
    context.log.warn(fields, 'what it owns is left to the garbage collector');
  }
}
