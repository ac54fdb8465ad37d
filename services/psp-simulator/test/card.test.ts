import { describe, expect, it } from 'vitest';
import { brandOf, isCardNumber, isExpired } from '../src/card.ts';

describe('a card', () => {
  it('passes Luhn only with the right check digit', () => {
    expect(isCardNumber('4242424242424242')).toBe(true);
    expect(isCardNumber('378282246310005')).toBe(true);
    expect(isCardNumber('4242424242424241')).toBe(false);
    expect(isCardNumber('42424242 42424242')).toBe(false);
  });

  it('is good to the last moment of its month', () => {
    expect(isExpired(2, 2028, new Date('2028-02-29T23:59:59.999Z'))).toBe(false);
    expect(isExpired(2, 2028, new Date('2028-03-01T00:00:00.000Z'))).toBe(true);
    expect(isExpired(12, 2027, new Date('2027-12-31T23:59:59.999Z'))).toBe(false);
  });

  it.each([
    ['4242424242424242', 'visa'],
    ['5555555555554444', 'mastercard'],
    ['2223003122003222', 'mastercard'],
    ['378282246310005', 'amex'],
    ['6011111111111117', 'discover'],
    ['3056930009020004', 'diners'],
    ['3566002020360505', 'jcb'],
    ['6200000000000005', 'unionpay'],
  ])('%s is of brand %s', (number, brand) => {
    expect(brandOf(number)).toBe(brand);
  });
});
