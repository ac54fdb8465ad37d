import { CredentialUpdate } from '@cofferdam/contracts';
import { type Merchants, ProblemError, validate } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import { digestRequest } from '../crypto/digest-keys.ts';
import type { WritingKeys } from '../crypto/key-ring.ts';
import { findMerchantOf } from '../storage/credential-updates.ts';
import { claimIdempotencyKey, storeAnswer } from '../storage/idempotency-keys.ts';
import type { Requester, Vault } from '../vault.ts';
import { type AppliedUpdate, applyCredentialUpdate, type Once } from './apply-credential-update.ts';
import { reportedOf } from './reported.ts';
import { severalAtATime } from './several-at-a-time.ts';

export interface Push {
  by: Omit<Requester, 'merchant'>;
  /** Whose tokens the caller may update. */
  merchants: Merchants;
  source: string;
  updates: readonly unknown[];
}

export type PushOutcome = AppliedUpdate | { error: unknown };

/**
 * Applies each result as a request by itself. One that is wrong or fails says so in its place; when all fail for one
 * reason on our side, that is what became of the push.
 *
 * @throws {ProblemError} key_unavailable, database_unavailable, overloaded: of every result
 */
export async function pushCredentialUpdates(vault: Vault, push: Push): Promise<PushOutcome[]> {
  const outcomes = await severalAtATime(push.updates, async (update): Promise<PushOutcome> => {
    try {
      return await pushOne(vault, push, update);
    } catch (error) {
      return { error };
    }
  });
  const failures = new Set(outcomes.map(failureOf));
  const [code] = failures;
  const error = outcomes.find((outcome) => 'error' in outcome)?.error;
  if (failures.size === 1 && code !== undefined) throw error;
  return outcomes;
}

async function pushOne(
  vault: Vault,
  { by, merchants, source }: Push,
  unknown: unknown,
): Promise<AppliedUpdate> {
  const update = validate(CredentialUpdate, unknown);
  const { id, token } = update;
  const reported = reportedOf(update, vault.now());
  const merchant = await findMerchantOf(vault.database, merchants, token);
  if (merchant === undefined) {
    const refused = { ...by, merchant: '' };
    const detail = { reason: 'token_not_found', route: '/v1/credential-updates' };
    await vault.boundedAudit.add(
      auditEntry('access.refused', refused, token.startsWith('tok_') ? token : '', vault.now(), detail),
      'token_not_found',
    );
    throw new ProblemError('token_not_found');
  }
  const arrived = { by: { ...by, merchant }, token, way: 'push', reported, origin: {} } as const;
  return applyCredentialUpdate(vault, arrived, onceBySource(vault, { merchant, source, update, id }));
}

/** A source's id is remembered for a day, as an idempotency key; what comes again later is told by its time. */
function onceBySource(
  vault: Vault,
  {
    merchant,
    source,
    id,
    update,
  }: { merchant: string; source: string; id: string; update: CredentialUpdate },
): Once {
  const { id: _, ...said } = update;
  const keyed = ({ digests }: WritingKeys) => ({
    merchant,
    ...digestRequest(digests, 'credential update', { idempotencyKey: `${source} ${id}`, body: [said] }),
  });
  let claimed: ReturnType<typeof keyed> | undefined;
  return {
    async earlier(transaction, keys) {
      claimed = keyed(keys);
      const earlier = await claimIdempotencyKey<AppliedUpdate>(transaction, claimed, vault.now());
      if (earlier === 'claimed') return undefined;
      if (earlier.answer) return earlier.answer;
      throw new ProblemError('token_not_found', { detail: 'The token has been deleted since.' });
    },
    async remember(transaction, applied) {
      if (!claimed) throw new Error('an update is remembered before it was claimed');
      await storeAnswer(transaction, claimed, { token: update.token, status: 200, body: applied });
    },
  };
}

/** The code of a failure on our side. */
function failureOf(outcome: PushOutcome): string | undefined {
  if (!('error' in outcome)) return undefined;
  if (!(outcome.error instanceof ProblemError)) return 'internal_error';
  return outcome.error.status >= 500 ? outcome.error.code : undefined;
}
