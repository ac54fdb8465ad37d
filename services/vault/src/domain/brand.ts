import type { CardBrand } from '@cofferdam/contracts';

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

export function brandOf(number: string): CardBrand {
  const range = RANGES.find(([from, to]) => {
    const prefix = number.slice(0, from.length);
    return prefix >= from && prefix <= to;
  });
  return range?.[2] ?? 'unknown';
}

/** What may be shown of a number (PCI DSS 4.0.1, 3.4.1): eight leading digits of 16 and more, otherwise six. */
export function truncate(number: string): { bin: string; lastFour: string } {
  return { bin: number.slice(0, number.length >= 16 ? 8 : 6), lastFour: number.slice(-4) };
}
