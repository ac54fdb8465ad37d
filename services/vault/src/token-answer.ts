import type { CardSummary } from '@cofferdam/contracts';
import type { z } from 'zod';
import type { StoredToken } from './storage/tokens.ts';
import type { TokenAnswer } from './vault.ts';

/** The card as anybody may see it: brand, BIN, last four, expiry. */
export function summaryOf(stored: StoredToken): z.infer<typeof CardSummary> {
  return {
    cardId: stored.cardId,
    brand: stored.brand,
    bin: stored.bin,
    lastFour: stored.lastFour,
    expiryMonth: stored.expiryMonth,
    expiryYear: stored.expiryYear,
  };
}

export function toAnswer(stored: StoredToken): TokenAnswer {
  return {
    token: stored.token,
    card: summaryOf(stored),
    state: 'active',
    createdAt: stored.createdAt.toISOString(),
  };
}
