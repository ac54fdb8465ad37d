import { passesLuhn } from '@cofferdam/contracts';

/** 12 to 19 digits whose last is the check digit. */
export function isCardNumber(text: string): boolean {
  return /^[0-9]{12,19}$/.test(text) && passesLuhn(text);
}

/** A card is good to the end of its expiry month. */
export function isExpired(month: number, year: number, now: Date): boolean {
  return Date.UTC(year, month, 1) <= now.getTime();
}

/** Issuer ranges, as far as a test number needs them. */
const BRANDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^4/, 'visa'],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, 'mastercard'],
  [/^3[47]/, 'amex'],
  [/^(6011|65|64[4-9])/, 'discover'],
  [/^(30[0-5]|36|3[89])/, 'diners'],
  [/^35(2[89]|[3-8])/, 'jcb'],
  [/^62/, 'unionpay'],
];

export function brandOf(number: string): string {
  return BRANDS.find(([range]) => range.test(number))?.[1] ?? 'unknown';
}
