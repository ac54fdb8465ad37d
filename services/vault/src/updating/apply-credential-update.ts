import type { CredentialUpdateCode, CredentialUpdateOutcome } from '@cofferdam/contracts';
import { ProblemError, type Transaction } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import { settleByKey, type UnitOfWork } from '../commit.ts';
import { type CardFingerprints, fingerprintCard } from '../crypto/digest-keys.ts';
import type { WritingKeys } from '../crypto/key-ring.ts';
import { openCard, sealCard } from '../crypto/sealed-card.ts';
import { brandOf, truncate } from '../domain/brand.ts';
import { decideUpdate, type ReportedCard, type UpdateDecision } from '../domain/credential-update.ts';
import { newCardId as createCardId } from '../new-token.ts';
import { deleteUnusedCards, lockCards } from '../storage/cards.ts';
import { findAsOf, findCard, insertCard, replaceCard, takeTurn } from '../storage/credential-updates.ts';
import { findRecord, insertRecord } from '../storage/records.ts';
import { addVersion } from '../storage/token-versions.ts';
import { findToken, lockToken, type StoredToken } from '../storage/tokens.ts';
import { eventCardOf } from '../token-answer.ts';
import { fetchReadingKey } from '../update-token.ts';
import type { Requester, Vault } from '../vault.ts';
import { Disturbed, untilUndisturbed } from './until-undisturbed.ts';

/** How a result came in. */
export type UpdateWay = 'push' | 'pull' | 'file';

export interface ArrivedUpdate {
  by: Requester;
  token: string;
  way: UpdateWay;
  reported: ReportedCard;
  /** Where it can be found again, for the audit. No card data. */
  origin: Record<string, string | number>;
}

export interface AppliedUpdate {
  code: CredentialUpdateCode;
  outcome: CredentialUpdateOutcome;
  recordVersion: number;
}

/** Knows whether a result was applied before, in the transaction that applies it. */
export interface Once {
  earlier(transaction: Transaction, keys: WritingKeys): Promise<AppliedUpdate | undefined>;
  remember(transaction: Transaction, applied: AppliedUpdate): Promise<void>;
}

/**
 * Applies what an issuer let us know of a token's card: the one way for all three in which results arrive. The token
 * stays; what changes is a new version of its record, with an audit entry and an event. The old number stays in the
 * versions before, as every version does, until the token is deleted.
 *
 * @throws {ProblemError} token_not_found, card_expired, key_unavailable, database_unavailable, overloaded, and what
 *   `once` throws
 */
export async function applyCredentialUpdate(
  vault: Vault,
  arrived: ArrivedUpdate,
  once: Once,
): Promise<AppliedUpdate> {
  const { merchant } = arrived.by;
  const keys = await keysFor(vault, merchant, arrived.token);
  const { number } = arrived.reported.card;
  const fingerprints =
    number === undefined
      ? undefined
      : fingerprintCard(keys.digests, { vaultId: vault.vaultId, merchant, number });
  return settleByKey(() =>
    untilUndisturbed(() =>
      vault.commit(async (unit) => {
        await takeTurn(unit.transaction, arrived.token);
        const earlier = await once.earlier(unit.transaction, keys);
        if (earlier) return earlier;
        const work = { vault, unit, arrived, keys, time: vault.now() };
        const held = await hold(work, fingerprints);
        const decision = decideUpdate(held.known, arrived.reported, work.time);
        const applied = await carryOut(work, held, decision);
        await once.remember(unit.transaction, applied);
        return applied;
      }),
    ),
  );
}

/** KMS, and the database for the keys' rows, are asked before the transaction, as updateToken does. */
async function keysFor(vault: Vault, merchant: string, token: string): Promise<WritingKeys> {
  const seen = await findToken(vault.database, merchant, token);
  if (!seen) throw new ProblemError('token_not_found');
  const keys = await vault.keys.forWriting(merchant);
  await fetchReadingKey(vault, merchant, seen);
  return keys;
}

interface Work {
  vault: Vault;
  unit: UnitOfWork;
  arrived: ArrivedUpdate;
  keys: WritingKeys;
  time: Date;
}

interface Held {
  stored: StoredToken;
  known: Parameters<typeof decideUpdate>[0];
  holderName: string | undefined;
  /** The card of the number that the result brings. */
  newCardId: string | undefined;
}

/**
 * The cards before the token, as tokenize and a deletion take them. A card of the new number is made beforehand, so that
 * whoever tokenizes that number meanwhile waits for us; one that is not needed after all is forgotten again.
 */
async function hold(work: Work, fingerprints: CardFingerprints | undefined): Promise<Held> {
  const { vault, unit, arrived } = work;
  const { transaction } = unit;
  const { merchant } = arrived.by;
  const seen = await findToken(transaction, merchant, arrived.token);
  if (!seen) throw new ProblemError('token_not_found');
  let newCardId: string | undefined;
  if (fingerprints) {
    newCardId = await findCard(transaction, merchant, fingerprints);
    if (newCardId === undefined) {
      newCardId = createCardId();
      await insertCard(transaction, fingerprints, { merchant, cardId: newCardId, createdAt: work.time });
    }
    const wanted = [...new Set([seen.cardId, newCardId])];
    if ((await lockCards(transaction, wanted)).size !== wanted.length) throw new Disturbed();
  }
  const stored = await lockToken(transaction, merchant, arrived.token);
  if (!stored) throw new ProblemError('token_not_found');
  if (fingerprints && stored.cardId !== seen.cardId) throw new Disturbed();

  const sealed = await findRecord(transaction, stored.token, stored.recordVersion);
  if (!sealed) throw new Error(`token ${stored.token} has no record of version ${stored.recordVersion}`);
  const key = await vault.keys.forReading(merchant, sealed.keyVersion, stored);
  const { holderName, ...card } = openCard(key, vault.vaultId, stored, sealed);
  const { cardId, cardState } = stored;
  const known = { ...card, cardId, cardState, asOf: await findAsOf(transaction, stored) };
  return { stored, known, holderName, newCardId };
}

async function carryOut(work: Work, held: Held, decision: UpdateDecision): Promise<AppliedUpdate> {
  const { unit, arrived } = work;
  const { stored, newCardId } = held;
  const { code } = arrived.reported;
  if (decision.outcome === 'expired') {
    throw new ProblemError('card_expired', { detail: 'The month in which the new card expires has passed.' });
  }
  if (decision.outcome !== 'applied') {
    if (newCardId !== undefined) await deleteUnusedCards(unit.transaction, [newCardId]);
    const { outcome } = decision;
    audit(work, 'credential.update_ignored', { outcome });
    return { code, outcome, recordVersion: stored.recordVersion };
  }
  const { recordVersion } = await writeVersion(work, held, decision);
  return { code, outcome: 'applied', recordVersion };
}

async function writeVersion(
  work: Work,
  { stored, known, holderName, newCardId }: Held,
  { number, expiryMonth, expiryYear, cardState }: UpdateDecision & { outcome: 'applied' },
): Promise<StoredToken> {
  const { vault, unit, arrived, keys, time } = work;
  const { transaction } = unit;
  const isNewNumber = number !== known.number && newCardId !== undefined;
  const next: StoredToken = {
    ...stored,
    ...(isNewNumber ? { cardId: newCardId, brand: brandOf(number), ...truncate(number) } : {}),
    ...{ expiryMonth, expiryYear, cardState },
    recordVersion: stored.recordVersion + 1,
    updatedAt: time,
  };
  const card = { number, expiryMonth, expiryYear, ...(holderName === undefined ? {} : { holderName }) };
  const { code: result, occurredAt } = arrived.reported;
  await replaceCard(transaction, next);
  await insertRecord(transaction, sealCard(keys.record, vault.vaultId, next, card), time);
  await addVersion(transaction, {
    ...{ before: stored, after: next, cause: 'credential_update', result, occurredAt },
  });
  // Also a card that was made for a number that the token had already.
  await deleteUnusedCards(transaction, [stored.cardId, ...(newCardId === undefined ? [] : [newCardId])]);

  const type = result === 'closed' ? 'credential.closed' : 'credential.updated';
  audit(work, type, { recordVersion: next.recordVersion, keyVersion: keys.record.version });
  const { merchant, token } = next;
  const data = {
    ...{ result, card: eventCardOf(next), previous: eventCardOf(stored), recordVersion: next.recordVersion },
    ...(cardState === null ? {} : { cardState }),
  };
  unit.publish({ type, merchant, subject: token, time, data });
  return next;
}

function audit(
  { unit, arrived, time }: Work,
  action: 'credential.updated' | 'credential.closed' | 'credential.update_ignored',
  more: Record<string, string | number>,
): void {
  const { by, token, way, reported, origin } = arrived;
  unit.audit(auditEntry(action, by, token, time, { way, result: reported.code, ...origin, ...more }));
}
