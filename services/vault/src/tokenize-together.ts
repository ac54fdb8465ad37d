import { type NewEvent, ProblemError } from '@cofferdam/runtime';
import { auditEntry } from './audit-entry.ts';
import type { Card } from './check-card.ts';
import type { DataKey } from './crypto/data-key.ts';
import type { CardFingerprints } from './crypto/digest-keys.ts';
import type { WritingKeys } from './crypto/key-ring.ts';
import { openCard, sealCard } from './crypto/sealed-card.ts';
import type { AuditEntry } from './domain/audit-chain.ts';
import { brandOf, truncate } from './domain/brand.ts';
import { canonicalJson } from './domain/canonical-json.ts';
import { isSameEnd, laterEnd } from './domain/token-life.ts';
import { eraseThese } from './erase-ended.ts';
import { afterFailure, isHeld } from './group-commit/after-failure.ts';
import type { GroupWork, Outcome } from './group-commit/gatherer.ts';
import type { Lane } from './group-commit/lane.ts';
import { newCardId, newToken } from './new-token.ts';
import {
  addCards,
  addNextFingerprints,
  holdCards,
  type NewCard,
  type NextFingerprint,
} from './storage/cards.ts';
import {
  type AnsweredRequest,
  addAnsweredRequests,
  isSameBody,
  type KeyedRequest,
} from './storage/idempotency-keys.ts';
import { findKnown, type Known } from './storage/known-cards.ts';
import { addRecords, type NewRecord, type SealedRecord } from './storage/records.ts';
import { addVersions, type TokenChange } from './storage/token-versions.ts';
import { addTokens, addTokenVersions, findTaken, holdTokens, type StoredToken } from './storage/tokens.ts';
import { eventCardOf, toAnswer } from './token-answer.ts';
import type { Requester, TokenAnswer, Vault } from './vault.ts';

/** 201: a new token. 200: the merchant's card had one already. */
export interface Tokenized {
  status: 200 | 201;
  answer: TokenAnswer;
}

/** A request that is ready to be carried out with others. */
export interface Tokenization extends KeyedRequest {
  vault: Vault;
  by: Requester;
  card: Card;
  keys: WritingKeys;
  fingerprints: CardFingerprints;
  /** When the token is to end by itself; null: never. */
  expiresAt: Date | null;
  /** By version: those that were fetched because the card has a record that they open. */
  readingKeys: Map<number, DataKey>;
  /** Once they were asked for. */
  ids?: Ids;
}

/** By which two are about the same. */
interface Ids {
  /** One of them is equal for the same key of the same merchant. */
  request: readonly string[];
  /** One of them is equal for the same card of the same merchant. */
  card: readonly string[];
}

/**
 * Tokenizes what has gathered: one read says what is known of the requests and their cards, then each is decided in
 * turn, as if those before it had been committed, and one statement writes it all. A row that another process has
 * written in between makes the statement fail, and everything is read and decided anew. So it does where nothing was read
 * because nothing was likely to be found.
 */
export const TOKENIZING: GroupWork<Tokenization, Tokenized, Lane> = {
  name: 'tokenize',
  keysOf: (request) => [...idsOf(request).request, ...idsOf(request).card],
  afterFailure: (error, attempt) => afterFailure(error, attempt, { repeatable: true }),
  async run(requests, lane) {
    try {
      const known = await lookUp(requests, lane);
      const decided = new Decisions(known, await chooseTokens(lane, requests));
      const outcomes = requests.map((request, i) => decided.take(request, i));
      await decided.commit(lane);
      return outcomes;
    } catch (error) {
      lane.novelty.doubt();
      if (requests.length > 1 || !isHeld(error, 'idempotency_keys')) throw error;
      const inProgress = new ProblemError('request_in_progress', {
        detail: 'A request with this idempotency key is under way; try again.',
        cause: error,
      });
      return [{ error: inProgress }];
    }
  },
};

async function lookUp(
  requests: readonly Tokenization[],
  { novelty, database }: Lane,
): Promise<Known<TokenAnswer>[]> {
  // While fingerprints move, a card is known by more than what is unique.
  const isMoving = requests.some(({ otherDigests, fingerprints: { second, otherFingerprints } }) => {
    return otherDigests !== undefined || second !== undefined || otherFingerprints !== undefined;
  });
  if (novelty.isLikely && !isMoving) return requests.map(() => ({}));
  const known = await findKnown<TokenAnswer>(database, requests);
  novelty.seen(requests.length, known.filter(({ answered, card }) => answered ?? card).length);
  return known;
}

interface KnownAnswer {
  bodyDigest: Buffer;
  status: number;
  answer: TokenAnswer | null;
  hasEnded: boolean;
}

/** A merchant's card in the course of a batch. */
interface KnownCard {
  cardId: string;
  token?: StoredToken;
  /** The token is at its end, and was not erased yet. */
  hasEnded?: boolean;
  /** What the token stands for, once it was opened or has been written. */
  holds?: Card;
  /** Has no row yet. */
  isNew: boolean;
  /** Its token is written in this batch, and so not a second time. */
  isWritten: boolean;
}

/** What a batch comes to: an outcome for each request, and everything that has to be written for them. */
class Decisions {
  readonly #known: readonly Known<TokenAnswer>[];
  readonly #tokens: readonly (string | undefined)[];
  readonly #answers = new Map<string, KnownAnswer>();
  readonly #cards = new Map<string, KnownCard>();

  readonly #answered: AnsweredRequest[] = [];
  readonly #newCards: NewCard[] = [];
  readonly #newTokens: (StoredToken & { deduplicated: boolean })[] = [];
  readonly #nextFingerprints: NextFingerprint[] = [];
  readonly #changes: TokenChange[] = [];
  readonly #records: NewRecord[] = [];
  readonly #heldTokens = new Map<string, StoredToken>();
  readonly #heldCards = new Set<string>();
  readonly #audit: AuditEntry[] = [];
  readonly #events = { created: [] as NewEvent[], updated: [] as NewEvent[] };

  /** @param tokens for each request the token that its card would get */
  constructor(known: readonly Known<TokenAnswer>[], tokens: readonly (string | undefined)[]) {
    this.#known = known;
    this.#tokens = tokens;
  }

  take(request: Tokenization, i: number): Outcome<Tokenized> {
    try {
      const ids = idsOf(request).request;
      const earlier = firstOf(this.#answers, ids) ?? this.#known[i]?.answered;
      if (earlier) return { value: replay(request, earlier) };

      const card = this.#cardOf(request, i);
      const existing = request.vault.deduplicate ? card.token : undefined;
      // It makes room for another one first.
      if (existing && card.hasEnded) return { again: () => eraseThese(request.vault, [existing], 'wait') };
      const stored = existing ? this.#keep(request, card, existing, i) : this.#create(request, card, i);
      if ('again' in stored) return stored;

      const status = existing ? 200 : 201;
      const answer = toAnswer(stored);
      const { merchant, keyDigest, bodyDigest, vault } = request;
      const written = { token: stored.token, status, answer: JSON.stringify(answer), now: vault.now() };
      this.#answered.push({ merchant, keyDigest, bodyDigest, ...written });
      for (const { isWritten, ...other } of request.otherDigests ?? []) {
        if (isWritten) this.#answered.push({ merchant, ...other, ...written });
      }
      for (const id of ids) this.#answers.set(id, { bodyDigest, status, answer, hasEnded: false });
      return { value: { status, answer } };
    } catch (error) {
      return { error };
    }
  }

  commit(lane: Lane): Promise<void> {
    return lane.commit(
      (write) => {
        // The card before its token, as whoever deletes one takes them.
        holdCards(write, this.#heldCards);
        holdTokens(write, [...this.#heldTokens.values()]);
        addAnsweredRequests(write, this.#answered);
        addCards(write, this.#newCards);
        addNextFingerprints(write, this.#nextFingerprints);
        addTokens(write, this.#newTokens);
        addTokenVersions(
          write,
          this.#changes.map(({ after }) => after),
        );
        addVersions(write, this.#changes);
        addRecords(write, this.#records);
      },
      { audit: this.#audit, events: this.#events.updated, firstEvents: this.#events.created },
    );
  }

  #cardOf(request: Tokenization, i: number): KnownCard {
    const ids = idsOf(request).card;
    const seen = firstOf(this.#cards, ids);
    if (seen) return seen;
    const known = this.#known[i]?.card;
    const card: KnownCard = {
      cardId: known?.cardId ?? newCardId(),
      ...(known?.token ? { token: known.token, hasEnded: known.hasEnded ?? false } : {}),
      isNew: known === undefined,
      isWritten: false,
    };
    for (const id of ids) this.#cards.set(id, card);
    return card;
  }

  #create(
    request: Tokenization,
    known: KnownCard,
    i: number,
  ): StoredToken | { again: () => Promise<unknown> } {
    const { vault, by, card, fingerprints } = request;
    const token = this.#tokens[i];
    if (token === undefined) return { again: () => Promise.resolve() };
    const now = vault.now();
    const { merchant } = by;
    const { cardId } = known;
    const stored: StoredToken = {
      ...{ token, merchant, cardId },
      brand: brandOf(card.number),
      ...truncate(card.number),
      expiryMonth: card.expiryMonth,
      expiryYear: card.expiryYear,
      cardState: null,
      recordVersion: 1,
      createdAt: now,
      updatedAt: now,
      expiresAt: request.expiresAt,
    };
    this.#record(request, 'token.created', stored, card);
    this.#newTokens.push({ ...stored, deduplicated: vault.deduplicate });
    if (known.isNew) {
      const { fingerprint, keyVersion, second } = fingerprints;
      this.#newCards.push({ merchant, fingerprint, keyVersion, cardId, createdAt: now });
      if (second) this.#nextFingerprints.push({ merchant, cardId, ...second });
    } else if (!known.isWritten) this.#heldCards.add(cardId);
    Object.assign(known, { token: stored, holds: card, isNew: false, isWritten: true });
    return stored;
  }

  /** The card has a token: compare with what is encrypted, and add a version where something has changed. */
  #keep(
    request: Tokenization,
    known: KnownCard,
    existing: StoredToken,
    i: number,
  ): StoredToken | { again: () => Promise<unknown> } {
    const { vault, card, readingKeys } = request;
    if (!known.holds) {
      const record = this.#known[i]?.card?.record;
      if (!record)
        throw new Error(`token ${existing.token} has no record of version ${existing.recordVersion}`);
      const key = readingKeys.get(record.keyVersion);
      // KMS may have to be asked: not while others wait for this batch.
      if (!key) return { again: () => fetchKey(request, record) };
      known.holds = openCard(key, vault.vaultId, existing, record);
    }
    // A holder name that is left out says nothing, and takes none away.
    const current = { ...card, holderName: card.holderName ?? known.holds.holderName };
    const expiresAt = laterEnd(existing.expiresAt, request.expiresAt);
    const isSame =
      canonicalJson(current) === canonicalJson(known.holds) && isSameEnd(expiresAt, existing.expiresAt);
    if (isSame) {
      if (!known.isWritten) this.#heldTokens.set(existing.token, existing);
      return existing;
    }
    if (known.isWritten) return { again: () => Promise.resolve() };
    const isRenewed =
      card.expiryMonth !== known.holds.expiryMonth || card.expiryYear !== known.holds.expiryYear;
    const stored: StoredToken = {
      ...existing,
      expiryMonth: card.expiryMonth,
      expiryYear: card.expiryYear,
      // What was known is of the card with the expiry before.
      cardState: isRenewed ? null : existing.cardState,
      recordVersion: existing.recordVersion + 1,
      updatedAt: vault.now(),
      expiresAt,
    };
    this.#record(request, 'token.updated', stored, current);
    this.#changes.push({ before: existing, after: stored, cause: 'updated' });
    this.#heldTokens.delete(existing.token);
    Object.assign(known, { token: stored, holds: current, isWritten: true });
    return stored;
  }

  /** What every new version of a record comes with: the ciphertext, an audit entry and an event. */
  #record(
    { vault, by, keys }: Tokenization,
    type: 'token.created' | 'token.updated',
    stored: StoredToken,
    card: Card,
  ): void {
    const { merchant, token, recordVersion, updatedAt: time } = stored;
    this.#records.push({ ...sealCard(keys.record, vault.vaultId, stored, card), createdAt: time });
    this.#audit.push(auditEntry(type, by, token, time, { recordVersion, keyVersion: keys.record.version }));
    const event = { type, merchant, subject: token, time, data: { card: eventCardOf(stored) } };
    this.#events[type === 'token.created' ? 'created' : 'updated'].push(event);
  }
}

function replay(request: Tokenization, earlier: KnownAnswer): Tokenized {
  if (!isSameBody(request, earlier.bodyDigest)) {
    throw new ProblemError('idempotency_key_reused', {
      detail: 'This idempotency key came with another body before. Use a new key for a new request.',
    });
  }
  const { status, answer, hasEnded } = earlier;
  if (!answer || hasEnded) {
    throw new ProblemError('token_not_found', { detail: 'The token has been deleted since, or has ended.' });
  }
  return { status: status === 200 ? 200 : 201, answer };
}

async function fetchKey(
  { vault, by, readingKeys }: Tokenization,
  { token, version: recordVersion, keyVersion }: SealedRecord,
): Promise<void> {
  const place = { token, recordVersion };
  readingKeys.set(keyVersion, await vault.keys.forReading(by.merchant, keyVersion, place));
}

const CANDIDATES = 4;

/**
 * A token for each, in case that it needs one. Opaque ones are never met twice; of a preserved format there are few
 * enough that some are taken. Undefined where all that were tried are.
 */
async function chooseTokens(lane: Lane, requests: readonly Tokenization[]): Promise<(string | undefined)[]> {
  const [first] = requests;
  const format = first?.vault.tokenFormat ?? 'Opaque';
  if (format === 'Opaque') return requests.map(({ card }) => newToken(format, card.number));
  const candidates = requests.map(({ card }) =>
    Array.from({ length: CANDIDATES }, () => newToken(format, card.number)),
  );
  const taken = await findTaken(lane.database, candidates.flat());
  return candidates.map((of) => {
    const free = of.find((token) => !taken.has(token));
    if (free !== undefined) taken.add(free);
    return free;
  });
}

function idsOf(request: Tokenization): Ids {
  const { merchant, keyDigest, otherDigests = [], fingerprints } = request;
  const { fingerprint, otherFingerprints = [] } = fingerprints;
  const keyDigests = [keyDigest, ...otherDigests.map((other) => other.keyDigest)];
  request.ids ??= {
    request: keyDigests.map((digest) => idOf('k', merchant, digest)),
    card: [fingerprint, ...otherFingerprints].map((digest) => idOf('f', merchant, digest)),
  };
  return request.ids;
}

function idOf(of: 'k' | 'f', merchant: string, digest: Buffer): string {
  return `${of}/${merchant}/${digest.toString('latin1')}`;
}

function firstOf<T>(known: ReadonlyMap<string, T>, ids: readonly string[]): T | undefined {
  for (const id of ids) {
    const found = known.get(id);
    if (found !== undefined) return found;
  }
  return undefined;
}
