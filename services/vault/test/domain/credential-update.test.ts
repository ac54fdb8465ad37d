import { CredentialUpdateCode } from '@cofferdam/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideUpdate, type KnownCard, type ReportedCard } from '../../src/domain/credential-update.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const before = new Date('2026-11-01T00:00:00Z');
const after = new Date('2026-11-20T00:00:00Z');
const known: KnownCard = {
  cardId: 'card_1',
  number: '4242424242424242',
  expiryMonth: 12,
  expiryYear: 2026,
  cardState: null,
  asOf: new Date('2026-11-10T00:00:00Z'),
};
const { number, expiryMonth, expiryYear } = known;
const result = (code: CredentialUpdateCode, more: Partial<ReportedCard> = {}): ReportedCard => ({
  ...{ code, occurredAt: after, card: {}, about: {} },
  ...more,
});
const newExpiry = result('new_expiry', { card: { expiryMonth: 12, expiryYear: 2030 } });
const newNumber = result('new_number', {
  card: { number: '5555555555554444', expiryMonth: 1, expiryYear: 2031 },
});

describe('decideUpdate()', () => {
  it.each<[string, Partial<KnownCard>, ReportedCard, object]>([
    ['a new expiry', {}, newExpiry, { outcome: 'applied', number, expiryMonth: 12, expiryYear: 2030 }],
    ['a new number', {}, newNumber, { outcome: 'applied', ...newNumber.card, cardState: null }],
    [
      'a new number under the expiry that is known',
      {},
      result('new_number', { card: { number: '5555555555554444' } }),
      { outcome: 'applied', number: '5555555555554444', expiryMonth, expiryYear },
    ],
    ['a closed account', {}, result('closed'), { outcome: 'applied', number, cardState: 'closed' }],
    ['contact cardholder', {}, result('contact_cardholder'), { cardState: 'contact_cardholder' }],
    ['contact, then closed', { cardState: 'contact_cardholder' }, result('closed'), { cardState: 'closed' }],
    ['closed twice', { cardState: 'closed' }, result('closed'), { outcome: 'unchanged' }],
    ['contact after closed', { cardState: 'closed' }, result('contact_cardholder'), { outcome: 'unchanged' }],
    [
      'a new expiry after closed',
      { cardState: 'closed' },
      newExpiry,
      { outcome: 'applied', cardState: null },
    ],
    ['nothing new', {}, result('unchanged'), { outcome: 'unchanged' }],
    ['an updater that does not know the card', {}, result('not_found'), { outcome: 'unchanged' }],
    [
      'what is known',
      {},
      result('new_expiry', { card: { expiryMonth, expiryYear } }),
      { outcome: 'unchanged' },
    ],
    ['an earlier time', {}, { ...newNumber, occurredAt: before }, { outcome: 'stale' }],
    ['another number', {}, { ...newNumber, about: { number: '4111111111111111' } }, { outcome: 'stale' }],
    ['other last digits', {}, { ...newNumber, about: { lastFour: '1111' } }, { outcome: 'stale' }],
    ['another expiry', {}, { ...newNumber, about: { expiryMonth: 11, expiryYear } }, { outcome: 'stale' }],
    ['another card', {}, { ...newNumber, about: { cardId: 'card_2' } }, { outcome: 'stale' }],
    [
      'this card',
      {},
      { ...newNumber, about: { cardId: 'card_1', number, expiryYear } },
      { outcome: 'applied' },
    ],
    [
      'an expiry before the known one',
      { expiryYear: 2031 },
      result('new_expiry', { card: { expiryMonth: 12, expiryYear: 2030 } }),
      { outcome: 'stale' },
    ],
    [
      'a new card that has expired',
      {},
      result('new_number', { card: { number: '5555555555554444', expiryMonth: 1, expiryYear: 2026 } }),
      { outcome: 'expired' },
    ],
  ])('%s', (_name, than, reported, wanted) => {
    expect(decideUpdate({ ...known, ...than }, reported, NOW)).toMatchObject(wanted);
  });

  const expiry = {
    expiryMonth: fc.integer({ min: 1, max: 12 }),
    expiryYear: fc.integer({ min: 2024, max: 2032 }),
  };
  const time = fc.date({ min: before, max: NOW, noInvalidDate: true });
  const card = fc.record({
    number: fc.constantFrom(number, '5555555555554444', '4111111111111111'),
    ...expiry,
  });
  const reported = fc
    .record({ code: fc.constantFrom(...CredentialUpdateCode.options), occurredAt: time, card })
    .map(({ code, occurredAt, card: { number: given, ...rest } }): ReportedCard => {
      if (code === 'new_number') return result(code, { occurredAt, card: { number: given, ...rest } });
      return result(code, { occurredAt, card: code === 'new_expiry' ? rest : {} });
    });
  /** The card after it, as the vault keeps it. */
  const applied = (card: KnownCard, one: ReportedCard): KnownCard => {
    const { outcome, ...next } = decideUpdate(card, one, NOW);
    return outcome === 'applied' ? { ...card, ...next, asOf: one.occurredAt ?? card.asOf } : card;
  };

  it('does nothing more the second time, whatever it is', () => {
    fc.assert(
      fc.property(reported, (one) => {
        const once = applied(known, one);
        expect(applied(once, one)).toEqual(once);
      }),
    );
  });

  it('never lets a result undo one of a later time, in whatever order and however often they come', () => {
    const several = fc.uniqueArray(reported, {
      minLength: 2,
      maxLength: 6,
      selector: ({ occurredAt }) => occurredAt?.getTime(),
    });
    fc.assert(
      fc.property(several, fc.infiniteStream(fc.nat()), (results, chance) => {
        const deliveries = [...results, ...results].toSorted(() => (chance.next().value % 2) - 0.5);
        let card = known;
        for (const one of deliveries) {
          const next = applied(card, one);
          expect(next.asOf.getTime()).toBeGreaterThanOrEqual(card.asOf.getTime());
          card = next;
        }
      }),
    );
  });
});
