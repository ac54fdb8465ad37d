import { passesLuhn } from '@cofferdam/contracts';

/**
 * A token as long as the card number, with its last four digits, for systems that check the shape of a card number.
 * It fails Luhn and begins with 9, which is no card network's: nothing takes it for a card.
 *
 * @param randomDigits at least `number.length - 5` random digits
 */
export function preservingToken(number: string, randomDigits: string): string {
  const token = `9${randomDigits.slice(0, number.length - 5)}${number.slice(-4)}`;
  if (!passesLuhn(token)) return token;
  // Changing any one digit breaks the check sum.
  const second = (Number(token[1]) + 1) % 10;
  return `9${second}${token.slice(2)}`;
}
