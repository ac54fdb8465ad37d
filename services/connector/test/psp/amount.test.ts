import { knownCurrencies, minorUnitDigits } from '@cofferdam/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADYEN_TABLE } from '../../src/psp/adyen-table.ts';
import { toProviderUnits } from '../../src/psp/amount.ts';
import { STRIPE_TABLE } from '../../src/psp/stripe-table.ts';

describe('toProviderUnits()', () => {
  it.each([
    ['EUR', 1050, 1050, 1050],
    ['JPY', 500, 500, 500],
    ['ISK', 500, 50_000, 50_000],
    ['UGX', 500, 50_000, 500],
    ['CLP', 1000, 1000, 100_000],
    ['IDR', 100_000, 100_000, 1000],
    ['KWD', 5120, 5120, 5120],
    ['MGA', 500, 5, 500],
  ])('%s %i becomes %i at Stripe and %i at Adyen', (currency, amount, stripe, adyen) => {
    expect(toProviderUnits(STRIPE_TABLE, amount, currency)).toBe(stripe);
    expect(toProviderUnits(ADYEN_TABLE, amount, currency)).toBe(adyen);
  });

  it('refuses what it would have to round', () => {
    expect(toProviderUnits(ADYEN_TABLE, 150, 'IDR')).toBeUndefined();
    expect(toProviderUnits(STRIPE_TABLE, 5124, 'KWD')).toBeUndefined();
    expect(toProviderUnits(STRIPE_TABLE, 101, 'MGA')).toBeUndefined();
  });

  it('never changes the value of an amount, in any currency', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...knownCurrencies()),
        fc.integer({ min: 1, max: 999_999_999_999 }),
        fc.constantFrom(STRIPE_TABLE, ADYEN_TABLE),
        (currency, amount, table) => {
          const converted = toProviderUnits(table, amount, currency);
          if (converted === undefined) return;
          const ours = minorUnitDigits(currency) ?? 0;
          const theirs = table.minorUnitDigits[currency] ?? ours;
          expect(BigInt(converted) * 10n ** BigInt(ours)).toBe(BigInt(amount) * 10n ** BigInt(theirs));
        },
      ),
    );
  });
});
