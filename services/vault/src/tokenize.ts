import type { CreatedToken, CreateToken } from '@cofferdam/contracts';
import { checkCard, checkEnd } from './check-card.ts';
import { digestRequest, fingerprintCard } from './crypto/digest-keys.ts';
import { sealCvcFor } from './cvc.ts';
import { endOf } from './domain/token-life.ts';
import { TOKENIZING } from './tokenize-together.ts';
import type { Requester, Vault } from './vault.ts';

export interface TokenizeRequest {
  by: Requester;
  /** What the caller knows the request by, and of an item of a batch its place; a key holds no blank. */
  idempotencyKey: readonly [scope: 'tokenize' | 'batch', key: string, ...place: string[]];
  body: CreateToken;
}

/** 201: a new token. 200: the merchant's card had one already. */
export interface Created {
  status: 200 | 201;
  answer: CreatedToken;
}

/**
 * Exchanges a card for a token. The answer leaves after one commit that holds the encrypted record, its audit entry,
 * its event and the answer itself, so that a repetition of the request is given the same one. Requests that come at the
 * same time share the commit; see tokenize-together.ts for what becomes of each.
 *
 * A merchant's card has one token (unless the vault is set not to deduplicate). Tokenized again with another expiry
 * or holder name, it keeps the token and gets a new version of its record: a change is never dropped.
 *
 * A CVC is sealed after the commit and takes no part in it: what is stored, the answer for a repetition included, is as
 * if it had not been sent. A repetition that brings it has it sealed again.
 *
 * @throws {ProblemError} invalid_card_number, card_expired, idempotency_key_reused, request_in_progress,
 *   key_unavailable, database_unavailable, overloaded
 */
export async function tokenize(
  vault: Vault,
  { by, idempotencyKey, body }: TokenizeRequest,
): Promise<Created> {
  const { cvc, ...stored } = body;
  const now = vault.now();
  const card = checkCard(stored.card, now);
  const expiresAt = checkEnd(endOf(stored, now), now);
  const keys = await vault.keys.forWriting(by.merchant);
  // Before anything is written: a caller who is refused for want of this key can send the same again without a CVC.
  if (cvc !== undefined) await vault.cvcKeys.forSealing();
  const [scope, ...key] = idempotencyKey;
  const digests = digestRequest(keys.digests, scope, { idempotencyKey: key.join(' '), body: [stored] });
  const { vaultId } = vault;
  const fingerprints = fingerprintCard(keys.digests, { vaultId, merchant: by.merchant, number: card.number });
  const { status, answer } = await vault.together(TOKENIZING, {
    ...{ vault, by, card, keys, fingerprints, expiresAt, ...digests },
    merchant: by.merchant,
    readingKeys: new Map(),
  });
  if (cvc === undefined) return { status, answer };
  const sealed = await sealCvcFor(vault, { merchant: by.merchant, token: answer.token }, cvc);
  const sealedCvcExpiresAt = sealed.expiresAt.toISOString();
  return { status, answer: { ...answer, sealedCvc: sealed.value, sealedCvcExpiresAt } };
}
