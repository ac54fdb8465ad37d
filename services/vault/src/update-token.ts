import type { Card, UpdateToken } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from './audit-entry.ts';
import { checkExpiry } from './check-card.ts';
import { settleByKey, type UnitOfWork } from './commit.ts';
import { digestRequest } from './crypto/digest-keys.ts';
import type { WritingKeys } from './crypto/key-ring.ts';
import { openCard, sealCard } from './crypto/sealed-card.ts';
import { preconditionOf } from './precondition.ts';
import { claimIdempotencyKey, storeAnswer } from './storage/idempotency-keys.ts';
import { findRecord, insertRecord } from './storage/records.ts';
import { addVersion } from './storage/token-versions.ts';
import { findToken, lockToken, type StoredToken, updateTokenVersion } from './storage/tokens.ts';
import { eventCardOf, toAnswer } from './token-answer.ts';
import type { Requester, TokenAnswer, Vault } from './vault.ts';

export interface UpdateRequest {
  by: Requester;
  token: string;
  idempotencyKey: string;
  /** The header If-Match, if there is one. */
  ifMatch: string | undefined;
  body: UpdateToken;
}

/**
 * Changes expiry or holder name of a token's card: a new version of its record, with an audit entry and an event, in
 * one commit. What is the same already makes no version. The versions before stay until the token is deleted.
 *
 * @throws {ProblemError} token_not_found, version_mismatch, card_expired, invalid_request, idempotency_key_reused,
 *   request_in_progress, key_unavailable, database_unavailable
 */
export async function updateToken(vault: Vault, request: UpdateRequest): Promise<TokenAnswer> {
  const { by, token, idempotencyKey, ifMatch, body } = request;
  const checkVersion = preconditionOf(ifMatch, 'token');
  // Before any key is made for a merchant that has no such token.
  const seen = await findToken(vault.database, by.merchant, token);
  if (!seen) throw new ProblemError('token_not_found');
  const keys = await vault.keys.forWriting(by.merchant);
  await fetchReadingKey(vault, by.merchant, seen);
  const keyed = {
    merchant: by.merchant,
    ...digestRequest(keys.digests, 'update', {
      idempotencyKey,
      body: ['update', token, ifMatch ?? '', body],
    }),
  };

  return settleByKey(() =>
    vault.commit(async (unit) => {
      const earlier = await claimIdempotencyKey<TokenAnswer>(unit.transaction, keyed, vault.now());
      if (earlier !== 'claimed') {
        if (earlier.answer) return earlier.answer;
        throw new ProblemError('token_not_found', { detail: 'The token has been deleted since.' });
      }
      const current = await lockToken(unit.transaction, by.merchant, token);
      if (!current) throw new ProblemError('token_not_found');
      checkVersion(current.recordVersion);
      const answer = toAnswer(await change({ vault, unit, by, keys }, current, body.card));
      await storeAnswer(unit.transaction, keyed, { token, status: 200, body: answer });
      return answer;
    }),
  );
}

/**
 * KMS, and the database for the key's row, are asked before the transaction: while it holds a lock and a connection, as
 * many of them as there are connections would wait for another one.
 */
export async function fetchReadingKey(vault: Vault, merchant: string, seen: StoredToken): Promise<void> {
  const record = await findRecord(vault.database, seen.token, seen.recordVersion);
  if (record) await vault.keys.forReading(merchant, record.keyVersion, seen);
}

interface Work {
  vault: Vault;
  unit: UnitOfWork;
  by: Requester;
  keys: WritingKeys;
}

async function change(
  { vault, unit, by, keys }: Work,
  current: StoredToken,
  wanted: UpdateToken['card'],
): Promise<StoredToken> {
  const sealed = await findRecord(unit.transaction, current.token, current.recordVersion);
  if (!sealed) throw new Error(`token ${current.token} has no record of version ${current.recordVersion}`);
  const key = await vault.keys.forReading(by.merchant, sealed.keyVersion, current);
  const known = openCard(key, vault.vaultId, current, sealed);
  const card = merge(known, wanted);
  const changed = (['expiryMonth', 'expiryYear', 'holderName'] as const).filter((f) => card[f] !== known[f]);
  if (changed.length === 0) return current;

  const time = vault.now();
  // A card that has expired may still be given another holder name.
  const isRenewed = changed.some((field) => field !== 'holderName');
  if (isRenewed) checkExpiry(card, time);
  const stored: StoredToken = {
    ...current,
    expiryMonth: card.expiryMonth,
    expiryYear: card.expiryYear,
    // What was known is of the card with the expiry before.
    cardState: isRenewed ? null : current.cardState,
    recordVersion: current.recordVersion + 1,
    updatedAt: time,
  };
  await updateTokenVersion(unit.transaction, stored);
  await addVersion(unit.transaction, { before: current, after: stored, cause: 'updated' });
  await insertRecord(unit.transaction, sealCard(keys.record, vault.vaultId, stored, card), time);
  const { token, recordVersion } = stored;
  unit.audit(
    auditEntry('token.updated', by, token, time, { recordVersion, keyVersion: keys.record.version, changed }),
  );
  unit.publish({
    type: 'token.updated',
    merchant: by.merchant,
    subject: token,
    time,
    data: { card: eventCardOf(stored) },
  });
  return stored;
}

function merge(known: Card, { expiryMonth, expiryYear, holderName }: UpdateToken['card']): Card {
  const { holderName: before, ...card } = known;
  const after = holderName === undefined ? before : (holderName ?? undefined);
  return {
    ...card,
    ...(expiryMonth === undefined ? {} : { expiryMonth }),
    ...(expiryYear === undefined ? {} : { expiryYear }),
    ...(after === undefined ? {} : { holderName: after }),
  };
}
