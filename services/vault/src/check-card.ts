import { type CreateToken, passesLuhn } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import type { z } from 'zod';
import { isExpired } from './domain/expiry.ts';

export type Card = z.infer<typeof CreateToken>['card'];

/** @throws {ProblemError} invalid_card_number, card_expired; the field is named, its value is not */
export function checkCard(card: Card, now: Date): Card {
  if (!passesLuhn(card.number)) {
    throw new ProblemError('invalid_card_number', {
      detail: 'The card number fails its check digit; a digit is wrong or missing.',
      errors: [{ field: 'card.number', message: 'fails the Luhn check' }],
    });
  }
  checkExpiry(card, now);
  return card;
}

/** @throws {ProblemError} card_expired */
export function checkExpiry(card: Pick<Card, 'expiryMonth' | 'expiryYear'>, now: Date): void {
  if (!isExpired(card, now)) return;
  throw new ProblemError('card_expired', {
    detail: 'The month in which the card expires has passed.',
    errors: [
      { field: 'card.expiryMonth', message: 'lies in the past' },
      { field: 'card.expiryYear', message: 'lies in the past' },
    ],
  });
}

/** @throws {ProblemError} invalid_request */
export function checkEnd(end: Date | null, now: Date): Date | null {
  if (end === null || end.getTime() > now.getTime()) return end;
  throw new ProblemError('invalid_request', {
    detail: 'The token would be at its end already.',
    errors: [{ field: 'expiresAt', message: 'must lie in the future' }],
  });
}
