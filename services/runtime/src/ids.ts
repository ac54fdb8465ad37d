import { randomBytes } from 'node:crypto';

// Crockford's alphabet without look-alikes, in lower case: 32 signs, so that a byte's low five bits choose one evenly.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_SIGNS = 10;
const RANDOM_SIGNS = 16;

export type RandomBytes = (size: number) => Uint8Array;

/** `<prefix>_` and 26 signs of 5 random bits each: says nothing, not even when it was made. For tokens and cards. */
export function randomId(prefix: string, random: RandomBytes = randomBytes): string {
  return `${prefix}_${randomSigns(TIME_SIGNS + RANDOM_SIGNS, random)}`;
}

/**
 * `<prefix>_` and a ULID in lower case: 48 bits of milliseconds, then 80 random bits. For rows that are written
 * in order of time, where an index of random keys would touch a page a row.
 */
export function orderedId(
  prefix: string,
  nowMs: number = Date.now(),
  random: RandomBytes = randomBytes,
): string {
  let time = '';
  for (let rest = nowMs, i = 0; i < TIME_SIGNS; i++, rest = Math.floor(rest / 32))
    time = sign(rest % 32) + time;
  return `${prefix}_${time}${randomSigns(RANDOM_SIGNS, random)}`;
}

function randomSigns(count: number, random: RandomBytes): string {
  return Array.from(random(count), (byte) => sign(byte & 31)).join('');
}

function sign(value: number): string {
  return ALPHABET.charAt(value);
}
