import { type CreateShredding, type Shredding, shreddingConfirmation } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import { closeKeys, findShredding, insertShredding, type StoredShredding } from '../storage/shreddings.ts';
import type { Requester, Vault } from '../vault.ts';

/**
 * Replicas learn of it within a second or two and drop the merchant's keys; none uses one for longer than half a minute,
 * and then what is under way ends.
 */
const SETTLE_MS = 120_000;

/**
 * Begins to shred a merchant: from now on its keys are used for nothing, and when no replica can be using one any more
 * they are destroyed (carry-out.ts).
 *
 * @returns `begun` is false when this shredding was begun before
 * @throws {ProblemError} invalid_request, not_found when the id is another merchant's, request_in_progress when another
 *   shredding of the merchant is under way, database_unavailable
 */
export async function shredMerchant(
  vault: Vault,
  by: Requester,
  { shredding, body }: { shredding: string; body: CreateShredding },
): Promise<{ begun: boolean; stored: StoredShredding }> {
  const { merchant } = by;
  const wanted = shreddingConfirmation(merchant);
  if (body.confirmation !== wanted) {
    throw new ProblemError('invalid_request', {
      detail: 'What is to be destroyed has to be typed out.',
      errors: [{ field: 'confirmation', message: `must be "${wanted}"` }],
    });
  }
  const now = vault.now();
  const asked = { shredding, merchant, requestedAt: now, effectiveAt: new Date(now.getTime() + SETTLE_MS) };
  const begun = await vault.commit(async ({ transaction, audit }) => {
    const none = { keysDestroyed: 0, tokensErased: 0, afterFingerprint: Buffer.alloc(0) };
    if (!(await insertShredding(transaction, { ...asked, ...none }))) return false;
    const keys = await closeKeys(transaction, merchant, now);
    const effectiveAt = asked.effectiveAt.toISOString();
    audit(auditEntry('merchant.shredding_requested', by, '', now, { shredding, keys, effectiveAt }));
    return true;
  });
  if (begun) vault.keys.forget(merchant);
  const stored = await findShredding(vault.database, merchant, shredding);
  if (stored) return { begun, stored };
  throw begun
    ? new Error(`shredding ${shredding} was begun and is not there`)
    : await refusal(vault, merchant, shredding);
}

/** @throws {ProblemError} not_found, database_unavailable */
export async function readShredding(
  vault: Vault,
  merchant: string,
  shredding: string,
): Promise<StoredShredding> {
  const stored = await findShredding(vault.database, merchant, shredding);
  if (!stored) throw new ProblemError('not_found', { detail: 'This merchant has no shredding of that id.' });
  return stored;
}

export function toShredding(vault: Vault, stored: StoredShredding): Shredding {
  const { shredding, merchant, keysDestroyed, tokensErased } = stored;
  const dates = completion(vault, stored);
  return {
    shredding,
    merchant,
    state: stateOf(stored, dates.completeAt, vault.now()),
    requestedAt: stored.requestedAt.toISOString(),
    effectiveAt: (stored.destroyedAt ?? stored.effectiveAt).toISOString(),
    keysDestroyed,
    tokensErased,
    completeAt: dates.completeAt.toISOString(),
    ...(stored.ownKeyArn === undefined ? {} : { ownKey: ownKeyOf(stored, stored.ownKeyArn, dates.finalAt) }),
  };
}

function ownKeyOf(stored: StoredShredding, keyArn: string, finalAt: Date): NonNullable<Shredding['ownKey']> {
  const { withheld, withheldSince, keySeenAt, otherWrappingsUntil } = stored;
  return {
    keyArn,
    ...(withheld === undefined ? {} : { withheld }),
    ...(withheldSince === undefined ? {} : { withheldSince: withheldSince.toISOString() }),
    ...(keySeenAt === undefined ? {} : { seenAt: keySeenAt.toISOString() }),
    ...(otherWrappingsUntil === undefined ? {} : { otherWrappingsUntil: otherWrappingsUntil.toISOString() }),
    finalAt: finalAt.toISOString(),
  };
}

/**
 * When nobody can read what backups hold: when they have expired, or since the KMS key that all of it is under is
 * withheld. And when that is so whatever anybody does.
 */
function completion(vault: Vault, stored: StoredShredding): { completeAt: Date; finalAt: Date } {
  const expired = stored.completeAt ?? completionOf(vault, stored.effectiveAt);
  const { withheld, withheldSince, otherWrappingsUntil, destroyedAt } = stored;
  if (withheld === undefined || withheldSince === undefined) {
    return { completeAt: expired, finalAt: expired };
  }
  const unreadable = [withheldSince, destroyedAt, otherWrappingsUntil].map((date) => date?.getTime() ?? 0);
  const completeAt = new Date(Math.min(expired.getTime(), Math.max(...unreadable)));
  return { completeAt, finalAt: withheld === 'destroyed' ? completeAt : expired };
}

/** Until then a backup may hold what was destroyed at that time. */
export function completionOf({ backupRetentionMs }: Vault, destroyedAt: Date): Date {
  return new Date(destroyedAt.getTime() + backupRetentionMs);
}

function stateOf(stored: StoredShredding, completeAt: Date, now: Date): Shredding['state'] {
  if (!stored.destroyedAt) return 'closing';
  if (!stored.erasedAt) return 'erasing';
  return now < completeAt ? 'awaiting_backups' : 'complete';
}

async function refusal(vault: Vault, merchant: string, shredding: string): Promise<ProblemError> {
  const { rowCount } = await vault.database.query({
    text: 'SELECT 1 FROM shreddings WHERE merchant = $1 AND erased_at IS NULL AND shredding <> $2',
    values: [merchant, shredding],
  });
  return rowCount
    ? new ProblemError('request_in_progress', { detail: 'Another shredding of this merchant is under way.' })
    : new ProblemError('not_found', { detail: 'This merchant has no shredding of that id.' });
}
