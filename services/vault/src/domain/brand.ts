import type { BinRecord, CardBrand } from '@cofferdam/contracts';

/** First digits, inclusive, as the networks publish their ranges. The narrower range stands first. */
const RANGES: readonly [from: string, to: string, brand: CardBrand][] = [
  ['34', '34', 'amex'],
  ['37', '37', 'amex'],
  ['3528', '3589', 'jcb'],
  ['300', '305', 'diners'],
  ['3095', '3095', 'diners'],
  ['36', '36', 'diners'],
  ['38', '39', 'diners'],
  ['2221', '2720', 'mastercard'],
  ['51', '55', 'mastercard'],
  ['6011', '6011', 'discover'],
  ['644', '649', 'discover'],
  ['65', '65', 'discover'],
  ['62', '62', 'unionpay'],
  ['81', '81', 'unionpay'],
  ['50', '50', 'maestro'],
  ['56', '58', 'maestro'],
  ['6304', '6304', 'maestro'],
  ['6759', '6763', 'maestro'],
  ['4', '4', 'visa'],
];

/**
 * How long the numbers of a brand are, and their CVC.
 *
 * @see https://github.com/braintree/credit-card-type 10.3.0 (MIT), read in November 2026; Visa's 13 digits are out of use
 * there, and in cards that are stored they may still be found
 */
const FORMATS: Readonly<Record<CardBrand, Pick<BinRecord, 'numberLengths' | 'cvcLength'>>> = {
  visa: { numberLengths: [13, 16, 18, 19], cvcLength: 3 },
  mastercard: { numberLengths: [16], cvcLength: 3 },
  amex: { numberLengths: [15], cvcLength: 4 },
  discover: { numberLengths: [16, 19], cvcLength: 3 },
  diners: { numberLengths: [14, 16, 19], cvcLength: 3 },
  jcb: { numberLengths: [16, 17, 18, 19], cvcLength: 3 },
  unionpay: { numberLengths: [14, 15, 16, 17, 18, 19], cvcLength: 3 },
  maestro: { numberLengths: [12, 13, 14, 15, 16, 17, 18, 19], cvcLength: 3 },
  // What the vault takes at all.
  unknown: { numberLengths: [12, 13, 14, 15, 16, 17, 18, 19] },
};

/** @param digits the number, or at least its first six digits */
export function brandOf(digits: string): CardBrand {
  const range = RANGES.find(([from, to]) => {
    const prefix = digits.slice(0, from.length);
    return prefix >= from && prefix <= to;
  });
  return range?.[2] ?? 'unknown';
}

/** What the first six to eight digits of a number say about it. */
export function lookUpBin(bin: string): BinRecord {
  const brand = brandOf(bin);
  return { bin, brand, ...FORMATS[brand] };
}

/** What may be shown of a number (PCI DSS 4.0.1, 3.4.1): eight leading digits of 16 and more, otherwise six. */
export function truncate(number: string): { bin: string; lastFour: string } {
  return { bin: number.slice(0, number.length >= 16 ? 8 : 6), lastFour: number.slice(-4) };
}
