import { auditEntry } from './audit-entry.ts';
import { eraseTokens } from './erase-tokens.ts';
import { ownIdentity } from './rekey/own-identity.ts';
import { lockCards } from './storage/cards.ts';
import { findEnded, type Held, lockEnded } from './storage/tokens.ts';
import { eventCardOf } from './token-answer.ts';
import type { Vault } from './vault.ts';

const BATCH = 100;

/**
 * Erases tokens that are at their end, the earliest first, until there are none. Nobody waits for it: an ended token is
 * refused from the second on at which it ends. Replicas pass over what another is at work on.
 */
export async function eraseEnded(vault: Vault): Promise<void> {
  for (let found = BATCH; found === BATCH; ) {
    const ended = await findEnded(vault.database, BATCH);
    found = ended.length > 0 ? await eraseThese(vault, ended, 'pass over') : 0;
  }
}

/**
 * Those of the tokens that are at their end.
 *
 * @returns how many were erased
 */
export async function eraseThese(
  vault: Vault,
  tokens: readonly { token: string; cardId: string }[],
  held: Held,
): Promise<number> {
  return vault.commit(async (unit) => {
    const cards = await lockCards(
      unit.transaction,
      tokens.map(({ cardId }) => cardId),
      held,
    );
    const ours = tokens.filter(({ cardId }) => cards.has(cardId)).map(({ token }) => token);
    const ended = await lockEnded(unit.transaction, ours, held);
    if (ended.length === 0) return 0;
    const time = vault.now();
    const byFor = (merchant: string) => ({ ...ownIdentity(vault.vaultId), merchant });
    await eraseTokens(unit, ended, { reason: 'token_expired', now: time, byFor });
    for (const stored of ended) {
      const { merchant, token, recordVersion, expiresAt } = stored;
      unit.audit(
        auditEntry('token.expired', byFor(merchant), token, time, {
          recordVersion,
          expiresAt: expiresAt?.toISOString(),
        }),
      );
      const data = { card: eventCardOf(stored) };
      unit.publish({ type: 'token.expired', merchant, subject: token, time, data });
    }
    return ended.length;
  });
}
