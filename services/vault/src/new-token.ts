import { randomInt } from 'node:crypto';
import { randomId } from '@cofferdam/runtime';
import { preservingToken } from './domain/token-format.ts';
import type { TokenFormat } from './vault.ts';

/** A random token: nothing about the card follows from it but, where it preserves the format, length and last four. */
export function newToken(format: TokenFormat, number: string): string {
  if (format === 'Opaque') return randomId('tok');
  const digits = Array.from({ length: number.length - 5 }, () => randomInt(10)).join('');
  return preservingToken(number, digits);
}

export function newCardId(): string {
  return randomId('card');
}
