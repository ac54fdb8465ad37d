import type { CreateToken } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import type { z } from 'zod';
import { auditEntry } from './audit-entry.ts';
import { type Card, checkCard } from './check-card.ts';
import { settleByKey, type UnitOfWork } from './commit.ts';
import type { WritingKeys } from './crypto/key-ring.ts';
import { openCard, sealCard } from './crypto/sealed-card.ts';
import { brandOf, truncate } from './domain/brand.ts';
import { canonicalJson } from './domain/canonical-json.ts';
import { newCardId, newToken } from './new-token.ts';
import { lockCard } from './storage/cards.ts';
import { claimIdempotencyKey, type StoredAnswer, storeAnswer } from './storage/idempotency-keys.ts';
import { findRecord, insertRecord } from './storage/records.ts';
import { insertToken, lockTokenOfCard, type StoredToken, updateTokenVersion } from './storage/tokens.ts';
import { eventCardOf, toAnswer } from './token-answer.ts';
import type { Requester, TokenAnswer, Vault } from './vault.ts';

export interface TokenizeRequest {
  by: Requester;
  idempotencyKey: string;
  body: z.infer<typeof CreateToken>;
}

/** 201: a new token. 200: the merchant's card had one already. */
export interface Tokenized {
  status: 200 | 201;
  answer: TokenAnswer;
}

/**
 * Exchanges a card for a token. The answer leaves after one commit that holds the encrypted record, its audit entry,
 * its event and the answer itself, so that a repetition of the request is given the same one.
 *
 * A merchant's card has one token (unless the vault is set not to deduplicate). Tokenized again with another expiry
 * or holder name, it keeps the token and gets a new version of its record: a change is never dropped.
 *
 * @throws {ProblemError} invalid_card_number, card_expired, idempotency_key_reused, request_in_progress,
 *   key_unavailable, database_unavailable
 */
export async function tokenize(
  vault: Vault,
  { by, idempotencyKey, body }: TokenizeRequest,
): Promise<Tokenized> {
  const card = checkCard(body.card, vault.now());
  const keys = await vault.keys.forWriting(by.merchant);
  const request = {
    merchant: by.merchant,
    keyDigest: keys.digest.digest('idempotency key', 'tokenize', idempotencyKey),
    bodyDigest: keys.digest.digest('request', canonicalJson(body)),
  };

  return settleByKey(() =>
    vault.commit(async (unit) => {
      const earlier = await claimIdempotencyKey<TokenAnswer>(unit.transaction, request, vault.now());
      if (earlier !== 'claimed') return replay(earlier);

      const work = { vault, unit, by, card, keys };
      const cardId = await identifyCard(work);
      const existing = vault.deduplicate && (await lockTokenOfCard(unit.transaction, by.merchant, cardId));
      const stored = existing ? await keepToken(work, existing) : await addToken(work, cardId);

      const status = existing ? 200 : 201;
      const answer = toAnswer(stored);
      await storeAnswer(unit.transaction, request, { token: stored.token, status, body: answer });
      return { status, answer };
    }),
  );
}

interface Work {
  vault: Vault;
  unit: UnitOfWork;
  by: Requester;
  card: Card;
  keys: WritingKeys;
}

/** The random id of this merchant's card, and a lock on it: the same card is tokenized by one request at a time. */
function identifyCard({ vault, unit, by, card, keys }: Work): Promise<string> {
  return lockCard(unit.transaction, {
    merchant: by.merchant,
    fingerprint: keys.digest.digest('fingerprint', vault.vaultId, by.merchant, card.number),
    keyVersion: keys.digest.version,
    newCardId: newCardId(),
    now: vault.now(),
  });
}

async function addToken(work: Work, cardId: string): Promise<StoredToken> {
  const { vault, unit, by, card } = work;
  const now = vault.now();
  const shown = {
    merchant: by.merchant,
    cardId,
    brand: brandOf(card.number),
    ...truncate(card.number),
    expiryMonth: card.expiryMonth,
    expiryYear: card.expiryYear,
    recordVersion: 1,
    createdAt: now,
    updatedAt: now,
  };
  for (let tries = 0; tries < 10; tries++) {
    const stored = { ...shown, token: newToken(vault.tokenFormat, card.number) };
    const { deduplicate: deduplicated } = vault;
    if (await insertToken(unit.transaction, { ...stored, deduplicated })) {
      return record(work, 'token.created', stored);
    }
  }
  throw new Error('ten random tokens in a row were taken');
}

/** The card has a token: compare with what is encrypted, and add a version where something has changed. */
async function keepToken(work: Work, existing: StoredToken): Promise<StoredToken> {
  const { vault, unit, by, card } = work;
  const sealed = await findRecord(unit.transaction, existing.token, existing.recordVersion);
  if (!sealed) throw new Error(`token ${existing.token} has no record of version ${existing.recordVersion}`);
  const key = await vault.keys.forReading(by.merchant, sealed.keyVersion);
  const known = openCard(key, vault.vaultId, existing, sealed);

  // A holder name that is left out says nothing, and takes none away.
  const current = { ...card, holderName: card.holderName ?? known.holderName };
  if (canonicalJson(current) === canonicalJson(known)) return existing;

  const stored = {
    ...existing,
    expiryMonth: card.expiryMonth,
    expiryYear: card.expiryYear,
    recordVersion: existing.recordVersion + 1,
    updatedAt: vault.now(),
  };
  await updateTokenVersion(unit.transaction, stored);
  return record({ ...work, card: current }, 'token.updated', stored);
}

/** What every new version of a record comes with: the ciphertext, an audit entry and an event. */
async function record(
  { vault, unit, by, card, keys }: Work,
  type: 'token.created' | 'token.updated',
  stored: StoredToken,
): Promise<StoredToken> {
  const { merchant, token, recordVersion, updatedAt: time } = stored;
  await insertRecord(unit.transaction, sealCard(keys.record, vault.vaultId, stored, card), time);
  unit.audit(auditEntry(type, by, token, time, { recordVersion, keyVersion: keys.record.version }));
  unit.publish({ type, merchant, subject: token, time, data: { card: eventCardOf(stored) } });
  return stored;
}

function replay({ status, answer }: StoredAnswer<TokenAnswer>): Tokenized {
  if (!answer) throw new ProblemError('token_not_found', { detail: 'The token has been deleted since.' });
  return { status: status === 200 ? 200 : 201, answer };
}
