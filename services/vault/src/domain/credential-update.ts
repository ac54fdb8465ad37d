import type { CardState, CredentialUpdateCode, PreviousCard, UpdatedCard } from '@cofferdam/contracts';
import { isExpired } from './expiry.ts';

/** What a token stands for. */
export interface KnownCard {
  cardId: string;
  number: string;
  expiryMonth: number;
  expiryYear: number;
  cardState: CardState | null;
  /** From when the knowledge of it is: when its merchant sent it, or when the issuer knew of it. */
  asOf: Date;
}

/** What somebody says about the card. */
export interface ReportedCard {
  code: CredentialUpdateCode;
  /** When the issuer knew of it; undefined where only `about` tells. */
  occurredAt: Date | undefined;
  card: UpdatedCard;
  /** The card that it is about. */
  about: PreviousCard & { cardId?: string };
}

export type UpdateDecision =
  | {
      outcome: 'applied';
      number: string;
      expiryMonth: number;
      expiryYear: number;
      cardState: CardState | null;
    }
  | { outcome: 'unchanged' | 'stale' }
  /** The card that it brings is no good any more. */
  | { outcome: 'expired' };

/**
 * What a result does to a token (docs/adr/0028). The same result again does nothing, and one that is late is told by its
 * time, by the card that it is about, or by an expiry before the known one, which no issuer takes back.
 */
export function decideUpdate(known: KnownCard, reported: ReportedCard, now: Date): UpdateDecision {
  if (isAboutBefore(known, reported)) return { outcome: 'stale' };
  const { number, expiryMonth, expiryYear, cardState } = known;
  const withState = (state: CardState): UpdateDecision =>
    cardState === state || cardState === 'closed'
      ? { outcome: 'unchanged' }
      : { outcome: 'applied', number, expiryMonth, expiryYear, cardState: state };
  switch (reported.code) {
    case 'unchanged':
    case 'not_found':
      return { outcome: 'unchanged' };
    case 'closed':
    case 'contact_cardholder':
      return withState(reported.code);
    case 'new_number':
    case 'new_expiry':
      return renewed(known, reported.card, now);
  }
}

function renewed(known: KnownCard, card: UpdatedCard, now: Date): UpdateDecision {
  const next = {
    number: card.number ?? known.number,
    expiryMonth: card.expiryMonth ?? known.expiryMonth,
    expiryYear: card.expiryYear ?? known.expiryYear,
  };
  const isSameNumber = next.number === known.number;
  if (isSameNumber && months(next) < months(known)) return { outcome: 'stale' };
  if (isSameNumber && months(next) === months(known) && known.cardState === null) {
    return { outcome: 'unchanged' };
  }
  if (isExpired(next, now)) return { outcome: 'expired' };
  return { outcome: 'applied', ...next, cardState: null };
}

function isAboutBefore(known: KnownCard, { occurredAt, about }: ReportedCard): boolean {
  if (occurredAt !== undefined && occurredAt.getTime() < known.asOf.getTime()) return true;
  const says: readonly [said: unknown, is: unknown][] = [
    [about.cardId, known.cardId],
    [about.number, known.number],
    [about.lastFour, known.number.slice(-4)],
    [about.expiryMonth, known.expiryMonth],
    [about.expiryYear, known.expiryYear],
  ];
  return says.some(([said, is]) => said !== undefined && said !== is);
}

function months({ expiryMonth, expiryYear }: { expiryMonth: number; expiryYear: number }): number {
  return expiryYear * 12 + expiryMonth;
}
