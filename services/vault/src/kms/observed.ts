import type { Statusz } from '@cofferdam/contracts';
import type { Metrics } from '@cofferdam/runtime';
import { type KeyContext, type KeyManagement, KeyManagementError } from './key-management.ts';

export interface KeyHealth {
  status(): NonNullable<Statusz['key']>;
  /** Whether KMS has answered once since the start: without it the vault cannot begin to serve. */
  hasWorked(): boolean;
  /** Asks KMS, as `through` lets it, for a data key that nobody uses, unless a real call has just said how things are. */
  probe(through: KeyManagement): Promise<void>;
}

const FRESH_MS = 10_000;

/** Counts and times the calls, and remembers how the last one went, for `/statusz`. */
export function observeKeyManagement(
  inner: KeyManagement,
  options: {
    keyArn: string;
    vaultId: string;
    metrics: Metrics;
    /** Until when a key in memory goes on without KMS. */
    keysLastUntil: () => number | undefined;
    now?: () => number;
  },
): KeyManagement & KeyHealth {
  const { keyArn, vaultId, metrics, keysLastUntil, now = Date.now } = options;
  const duration = metrics.meter.createHistogram('cofferdam_kms_request_duration_seconds', {
    description: 'Duration of calls to KMS, by operation and outcome.',
  });
  let worked = false;
  let failure: string | undefined = 'not asked yet';
  let failingSince: number | undefined;
  let refused = false;
  let checkedAt: number | undefined;

  /** That a merchant's own key is refused says nothing of the vault's. */
  const isOfOne = (arn: string, error: unknown) =>
    arn !== keyArn && error instanceof KeyManagementError && error.failure === 'refused';
  const observe = async <T>(operation: string, arn: string, call: () => Promise<T>): Promise<T> => {
    const startedAt = now();
    let outcome = 'ok';
    try {
      const result = await call();
      worked = true;
      // That a merchant's key works does not make the vault's work.
      if (arn === keyArn || !refused) failure = failingSince = undefined;
      if (arn === keyArn) refused = false;
      return result;
    } catch (error) {
      outcome = error instanceof KeyManagementError ? error.failure : 'error';
      if (!isOfOne(arn, error)) {
        refused = outcome === 'refused';
        failure = error instanceof Error ? error.message : String(error);
        failingSince ??= startedAt;
      }
      throw error;
    } finally {
      checkedAt = now();
      duration.record((checkedAt - startedAt) / 1000, { operation, outcome });
    }
  };
  return {
    generateDataKey: (arn: string, context: KeyContext) =>
      observe('GenerateDataKey', arn, () => inner.generateDataKey(arn, context)),
    unwrap: (arn, wrapped, context) => observe('Decrypt', arn, () => inner.unwrap(arn, wrapped, context)),
    rewrap: (arns, wrapped, context) =>
      observe('ReEncrypt', arns.to === keyArn ? arns.from : arns.to, () =>
        inner.rewrap(arns, wrapped, context),
      ),
    hasWorked: () => worked,
    status: () => ({
      keyArn,
      state: failure === undefined ? 'usable' : 'unavailable',
      ...(failure === undefined ? {} : { detail: detailOf(failure, failingSince, keysLastUntil()) }),
      ...(checkedAt === undefined ? {} : { checkedAt: new Date(checkedAt).toISOString() }),
    }),
    probe: async (through) => {
      if (failure === undefined && checkedAt !== undefined && now() - checkedAt < FRESH_MS) return;
      await through.generateDataKey(keyArn, { vaultId, merchant: '-', purpose: 'probe' }).then(
        (key) => key.plaintext.fill(0),
        () => undefined, // remembered above
      );
    },
  };
}

function detailOf(failure: string, since: number | undefined, keysUntil: number | undefined): string {
  if (since === undefined) return failure;
  const rest =
    keysUntil === undefined
      ? 'no key is in memory'
      : `keys in memory go on until ${new Date(keysUntil).toISOString()} at most`;
  return `${failure}; since ${new Date(since).toISOString()}; ${rest}`;
}
