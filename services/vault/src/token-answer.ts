import type { CardSummary } from '@cofferdam/contracts';
import type { z } from 'zod';
import type { StoredToken } from './storage/tokens.ts';
import type { TokenAnswer } from './vault.ts';

type ShownCard = Pick<StoredToken, keyof z.infer<typeof CardSummary>>;

/** The card as its merchant may see it: brand, BIN, last four, expiry. */
export function cardSummaryOf(stored: ShownCard): z.infer<typeof CardSummary> {
  return {
    cardId: stored.cardId,
    brand: stored.brand,
    bin: stored.bin,
    lastFour: stored.lastFour,
    expiryMonth: stored.expiryMonth,
    expiryYear: stored.expiryYear,
  };
}

/** The card as an event shows it, to whoever reads the topic: without its BIN. */
export function eventCardOf({ cardId, brand, lastFour, expiryMonth, expiryYear }: StoredToken) {
  return { cardId, brand, lastFour, expiryMonth, expiryYear };
}

export function toAnswer(stored: StoredToken): TokenAnswer {
  return {
    token: stored.token,
    card: cardSummaryOf(stored),
    state: 'active',
    ...(stored.cardState === null ? {} : { cardState: stored.cardState }),
    recordVersion: stored.recordVersion,
    createdAt: stored.createdAt.toISOString(),
    updatedAt: stored.updatedAt.toISOString(),
    ...(stored.expiresAt === null ? {} : { expiresAt: stored.expiresAt.toISOString() }),
  };
}
