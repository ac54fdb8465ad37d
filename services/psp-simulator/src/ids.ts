import { randomInt } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const UPPER = ALPHABET.slice(0, 36);

/** A random id with a prefix, of so many letters and digits. */
export function nextId(prefix: string, length: number): string {
  return prefix + draw(ALPHABET, length);
}

/** Adyen's pspReference: 16 upper-case letters and digits. */
export function nextPspReference(): string {
  return draw(UPPER, 16);
}

function draw(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
