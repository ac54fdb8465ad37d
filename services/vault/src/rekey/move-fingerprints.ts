import { auditEntry } from '../audit-entry.ts';
import type { DataKey } from '../crypto/data-key.ts';
import { fingerprintCard } from '../crypto/digest-keys.ts';
import { openCard } from '../crypto/sealed-card.ts';
import {
  afterCards,
  afterWalk,
  enter,
  type FingerprintMove,
  isKnownToAll,
  mayLockOut,
} from '../domain/fingerprint-move.ts';
import { IntegrityError } from '../integrity-error.ts';
import { deleteUnusedCards, lockCards } from '../storage/cards.ts';
import {
  advanceMove,
  beginMove,
  cardsAfter,
  cardsThatExist,
  changeStage,
  dropNextFingerprints,
  findMove,
  findUnmoved,
  hasNextKeys,
  hasRequestsBefore,
  lockOldCodeOut,
  type MovedCard,
  merchantsWithoutNextKey,
  recordsOfCard,
  replaceFingerprints,
  switchKeys,
  type WalkedCard,
} from '../storage/fingerprint-moves.ts';
import type { SealedRecord } from '../storage/records.ts';
import { findRekey } from '../storage/rekeys.ts';
import type { Vault } from '../vault.ts';
import type { RekeyOptions } from './move-records.ts';
import { ownIdentity } from './own-identity.ts';

const BATCH = 250;

/**
 * Takes a rekey's fingerprints and request digests on. Every replica calls it, any number of times, as
 * {@link moveRecords}.
 *
 * @returns about the number of rows that it looked at; 0 when there is nothing to do for now
 * @throws when a card has no record from which its fingerprint could be computed; it is reported, and all others are
 *   moved
 */
export async function moveFingerprints(vault: Vault, options: RekeyOptions): Promise<number> {
  const move = await currentMove(vault, options.generation);
  return STEPS[move.phase](vault, move, options.settleMs);
}

type Step = (vault: Vault, move: FingerprintMove, settleMs: number | undefined) => Promise<number>;

const STEPS: Record<FingerprintMove['phase'], Step> = {
  adding: addKeys,
  closing,
  moving: walk,
  expiring: expire,
  finished: beginAgainIfNeeded,
};

/** One rekey at a time has cards under two keys: an earlier one goes first. */
async function currentMove(vault: Vault, generation: number): Promise<FingerprintMove> {
  const known =
    (await findUnmoved(vault.database, generation)) ?? (await findMove(vault.database, generation));
  if (known) return known;
  await vault.commit(({ transaction }) => beginMove(transaction, generation, vault.now()));
  const begun = await findMove(vault.database, generation);
  if (!begun) throw new Error(`the move of fingerprints ${generation} was begun and is not there`);
  return begun;
}

async function addKeys(vault: Vault, move: FingerprintMove, settleMs?: number): Promise<number> {
  const merchants = await merchantsWithoutNextKey(vault.database, move.generation, BATCH);
  for (const merchant of merchants) await vault.keys.makeNextDigestKey(merchant);
  const now = vault.now();
  // Known to all from the moment that the last one was made.
  if (merchants.length > 0) await advance(vault, move, { ...move, phaseSince: now });
  else if (mayLockOut(move, now, settleMs)) {
    await advance(vault, move, enter(move, 'closing', now), (transaction) =>
      lockOldCodeOut(transaction, now),
    );
  }
  return merchants.length;
}

async function closing(vault: Vault, move: FingerprintMove, settleMs?: number): Promise<number> {
  const now = vault.now();
  if (!isKnownToAll(move, now, settleMs)) return 0;
  await advance(vault, move, enter(move, 'moving', now), (transaction) =>
    switchKeys(transaction, move.phaseSince),
  );
  return 0;
}

async function walk(vault: Vault, move: FingerprintMove, settleMs?: number): Promise<number> {
  if (!isKnownToAll(move, vault.now(), settleMs)) return 0;
  const cards = await cardsAfter(vault.database, move, BATCH);
  const last = cards.at(-1);
  if (last === undefined) {
    const next = afterWalk(move, vault.now(), settleMs);
    await advance(vault, move, next, async (transaction) => {
      if (next.phase === 'expiring') await changeStage(transaction, { from: 'former', to: 'past' });
    });
    return 0;
  }
  const old = cards.filter(({ isOld }) => isOld);
  const { moved, unused, unreadable } = await fingerprintAnew(vault, old);
  const left: string[] = [];
  await advance(
    vault,
    move,
    afterCards(move, { seen: cards.length, old: old.length, leftBehind: unreadable.length, last }),
    async (transaction) => {
      if (moved.size > 0) {
        const done = new Set(await replaceFingerprints(transaction, [...moved.values()]));
        left.push(...[...moved.keys()].filter((cardId) => !done.has(cardId)));
      }
      if (unused.length === 0) return;
      // First: whoever holds one gives it a token, which is seen only by what begins after the wait.
      await lockCards(transaction, unused);
      await deleteUnusedCards(transaction, unused);
      left.push(...(await cardsThatExist(transaction, unused)));
    },
  );
  const by = ownIdentity(vault.vaultId);
  for (const { error } of unreadable) await vault.integrity.report(error, by, 'rekey');
  // The walk is past them by now, and comes by again.
  const [bad] = [...unreadable.map(({ cardId }) => cardId), ...left];
  if (bad) throw new Error(`the fingerprint of card ${bad} cannot be moved, and stays under its old key`);
  return cards.length;
}

/** Requests that were digested with an old key are forgotten after a day; until then they are known by it. */
async function expire(vault: Vault, move: FingerprintMove, settleMs?: number): Promise<number> {
  const { database } = vault;
  const now = vault.now();
  const dropped = await vault.commit(({ transaction }) => dropNextFingerprints(transaction, 10 * BATCH));
  if (dropped > 0) return dropped;
  if (!isKnownToAll(move, now, settleMs) || (await hasRequestsBefore(database, move.phaseSince))) return 0;
  const [stragglers] = await merchantsWithoutNextKey(database, move.generation, 1);
  if (stragglers !== undefined || (await hasNextKeys(database))) {
    await advance(vault, move, enter(move, 'adding', now));
    return 0;
  }
  if (!(await findRekey(database, move.generation))?.finishedAt) return 0;
  const finished = enter(move, 'finished', now);
  await vault.commit(async ({ transaction, audit }) => {
    if (!(await advanceMove(transaction, move, finished))) return;
    await changeStage(transaction, { from: 'past', to: 'retired' });
    const { generation, total: cards, leftBehind } = finished;
    const detail = { generation, cards, leftBehind };
    audit(auditEntry('rekey.finished', ownIdentity(vault.vaultId), '', now, detail));
  });
  return 0;
}

/** A replica that does not know of the rekey has made a merchant its first digest key since. */
async function beginAgainIfNeeded(vault: Vault, move: FingerprintMove): Promise<number> {
  const [straggler] = await merchantsWithoutNextKey(vault.database, move.generation, 1);
  if (straggler !== undefined) await advance(vault, move, enter(move, 'adding', vault.now()));
  return 0;
}

type Work = Parameters<Parameters<Vault['commit']>[0]>[0]['transaction'];

async function advance(
  vault: Vault,
  from: FingerprintMove,
  to: FingerprintMove,
  work: (transaction: Work) => Promise<void> = async () => {},
): Promise<void> {
  await vault.commit(async ({ transaction }) => {
    if (await advanceMove(transaction, from, to)) await work(transaction);
  });
}

interface Anew {
  /** By card id. */
  moved: Map<string, MovedCard>;
  /** No token stands for them. */
  unused: string[];
  unreadable: { cardId: string; error: IntegrityError }[];
}

async function fingerprintAnew(vault: Vault, cards: readonly WalkedCard[]): Promise<Anew> {
  const anew: Anew = { moved: new Map(), unused: [], unreadable: [] };
  for (const card of cards) {
    const { merchant, cardId, fingerprint: from } = card;
    const found = card.record && (await fingerprintOf(vault, card, [card.record]));
    if (found && 'to' in found) {
      anew.moved.set(cardId, { merchant, from, ...found });
      continue;
    }
    const records = await recordsOfCard(vault.database, merchant, cardId);
    const other = await fingerprintOf(vault, card, records);
    if (other === undefined) anew.unused.push(cardId);
    else if ('to' in other) anew.moved.set(cardId, { merchant, from, ...other });
    else anew.unreadable.push({ cardId, error: other.error });
  }
  return anew;
}

/**
 * From the first of the records that opens, and whose number is the one that the card is found by; undefined where there
 * is no record.
 */
async function fingerprintOf(
  vault: Vault,
  { merchant, fingerprint }: WalkedCard,
  records: readonly SealedRecord[],
): Promise<{ to: Buffer; keyVersion: number } | { error: IntegrityError } | undefined> {
  const keys = await vault.keys.forDigests(merchant);
  let failure: IntegrityError | undefined;
  for (const record of records) {
    const { token, version: recordVersion, keyVersion } = record;
    const place = { merchant, token, recordVersion };
    try {
      const key: DataKey = await vault.keys.forReading(merchant, keyVersion, place);
      const { number } = openCard(key, vault.vaultId, place, record);
      const all = fingerprintCard(keys, { vaultId: vault.vaultId, merchant, number });
      if (all.otherFingerprints?.some((known) => known.equals(fingerprint))) {
        return { to: all.fingerprint, keyVersion: all.keyVersion };
      }
      failure ??= new IntegrityError({ ...place, keyVersion });
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      failure = error;
    }
  }
  return failure && { error: failure };
}
