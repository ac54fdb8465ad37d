import { describe, expect, it } from 'vitest';
import { knownCurrencies, minorUnitDigits } from '../src/index.ts';

describe('the table of currencies', () => {
  it.each([
    ['EUR', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['XYZ', undefined],
    ['eur', undefined],
  ])('%s has %s digits after the separator', (currency, digits) => {
    expect(minorUnitDigits(currency)).toBe(digits);
  });

  // The runtime's own data (CLDR) follows ISO 4217 in which codes exist, if not in their digits.
  it('lists no code that is not one', () => {
    const known = new Set(Intl.supportedValuesOf('currency'));
    expect(knownCurrencies().filter((code) => !known.has(code))).toEqual([]);
  });

  it('lists each code once', () => {
    expect(new Set(knownCurrencies()).size).toBe(knownCurrencies().length);
  });
});
