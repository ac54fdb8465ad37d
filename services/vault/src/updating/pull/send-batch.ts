import type { UpdaterBatch } from '@cofferdam/contracts';
import { type Counter, ProblemError } from '@cofferdam/runtime';
import { auditEntry } from '../../audit-entry.ts';
import { openCard } from '../../crypto/sealed-card.ts';
import { pauseAfter } from '../../domain/updater-schedule.ts';
import { IntegrityError } from '../../integrity-error.ts';
import { KeyManagementError } from '../../kms/key-management.ts';
import { ownIdentity } from '../../rekey/own-identity.ts';
import { findSealedCards } from '../../storage/card-inquiries.ts';
import { moveBatch, takeBatch } from '../../storage/updater-batches.ts';
import type { Vault } from '../../vault.ts';
import type { AccountUpdater } from './account-updater.ts';
import { finishBatch } from './finish-batch.ts';
import type { UpdaterSettings } from './form-batches.ts';

type Sealed = Awaited<ReturnType<typeof findSealedCards>>[number];

/**
 * Sends a batch that was not sent, or of which nobody knows whether it was: the updater keeps the first content of an id.
 * Each card is audited before it leaves. Between our reading a card and its answer the token may change; the answer is
 * then about another card, and late.
 *
 * @returns whether there was one
 */
export async function sendBatch(
  vault: Vault,
  updater: AccountUpdater,
  { intervalMs, updates }: UpdaterSettings & { updates: Counter },
): Promise<boolean> {
  const now = vault.now();
  const until = new Date(now.getTime() + pauseAfter(1, intervalMs));
  const taken = await takeBatch(vault.database, 'new', { now, until });
  if (!taken) return false;
  const { batch, attempts } = taken;
  // Failing from here on, it is tried again later, and ever later.
  await moveBatch(vault.database, batch, {
    state: 'new',
    nextAt: new Date(now.getTime() + pauseAfter(attempts, intervalMs)),
  });
  const opened: { asked: Sealed; card: UpdaterBatch['cards'][number] }[] = [];
  for (const asked of await findSealedCards(vault.database, batch)) {
    const card = await open(vault, asked);
    if (card) opened.push({ asked, card });
  }
  if (opened.length === 0) {
    await finishBatch(vault, batch, updates);
    return true;
  }
  await vault.commit(async ({ audit }) => {
    for (const { asked } of opened) {
      const { merchant, token, row } = asked;
      audit(
        auditEntry('card.inquired', { ...ownIdentity(vault.vaultId), merchant }, token, now, { batch, row }),
      );
    }
  });
  await updater.submit({ batch, cards: opened.map(({ card }) => card) });
  const nextAt = new Date(vault.now().getTime() + intervalMs);
  await moveBatch(vault.database, batch, { state: 'sent', nextAt, attempts: 0 });
  return true;
}

/** Undefined for a card that cannot be opened any more. @throws {ProblemError} key_unavailable */
async function open(vault: Vault, asked: Sealed): Promise<UpdaterBatch['cards'][number] | undefined> {
  const { merchant, token, row, record } = asked;
  const place = { merchant, token, recordVersion: record.version };
  try {
    const key = await vault.keys.forReading(merchant, record.keyVersion, place);
    const { number, expiryMonth, expiryYear } = openCard(key, vault.vaultId, place, record);
    return { row, number, expiryMonth, expiryYear };
  } catch (error) {
    if (error instanceof IntegrityError) {
      await vault.integrity.report(error, { ...ownIdentity(vault.vaultId), merchant }, 'request');
      return undefined;
    }
    // Its merchant is being shredded, or withholds its own KMS key: the others' cards do not wait for that.
    if (error instanceof ProblemError && error.code === 'token_not_found') return undefined;
    if (vault.merchantKeys.of(merchant) && isRefusal(error)) return undefined;
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  const cause = error instanceof ProblemError ? error.cause : undefined;
  return cause instanceof KeyManagementError && cause.failure === 'refused';
}
