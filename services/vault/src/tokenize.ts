import type { CreateToken } from '@cofferdam/contracts';
import type { z } from 'zod';
import { checkCard, checkEnd } from './check-card.ts';
import { digestRequest, fingerprintCard } from './crypto/digest-keys.ts';
import { endOf } from './domain/token-life.ts';
import { TOKENIZING, type Tokenized } from './tokenize-together.ts';
import type { Requester, Vault } from './vault.ts';

export interface TokenizeRequest {
  by: Requester;
  idempotencyKey: string;
  body: z.infer<typeof CreateToken>;
}

/**
 * Exchanges a card for a token. The answer leaves after one commit that holds the encrypted record, its audit entry,
 * its event and the answer itself, so that a repetition of the request is given the same one. Requests that come at the
 * same time share the commit; see tokenize-together.ts for what becomes of each.
 *
 * A merchant's card has one token (unless the vault is set not to deduplicate). Tokenized again with another expiry
 * or holder name, it keeps the token and gets a new version of its record: a change is never dropped.
 *
 * @throws {ProblemError} invalid_card_number, card_expired, idempotency_key_reused, request_in_progress,
 *   key_unavailable, database_unavailable, overloaded
 */
export async function tokenize(
  vault: Vault,
  { by, idempotencyKey, body }: TokenizeRequest,
): Promise<Tokenized> {
  const card = checkCard(body.card, vault.now());
  const expiresAt = checkEnd(endOf(body, vault.now()), vault.now());
  const keys = await vault.keys.forWriting(by.merchant);
  const digests = digestRequest(keys.digests, 'tokenize', { idempotencyKey, body: [body] });
  const { vaultId } = vault;
  const fingerprints = fingerprintCard(keys.digests, { vaultId, merchant: by.merchant, number: card.number });
  return vault.together(TOKENIZING, {
    ...{ vault, by, card, keys, fingerprints, ...digests },
    merchant: by.merchant,
    expiresAt,
    readingKeys: new Map(),
  });
}
