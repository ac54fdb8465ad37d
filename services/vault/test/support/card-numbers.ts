import { passesLuhn } from '@cofferdam/contracts';

/** The nth of a series of numbers that pass Luhn, in the range of a card brand's test numbers. */
export function cardNumber(n: number): string {
  const body = `411111${String(n).padStart(9, '0')}`;
  const check = [...'0123456789'].find((digit) => passesLuhn(body + digit)) ?? '0';
  return body + check;
}
