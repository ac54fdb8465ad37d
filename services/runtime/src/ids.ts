import { randomBytes } from 'node:crypto';

// Crockford's alphabet without look-alikes, in lower case: 32 signs, so that a byte's low five bits choose one evenly.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_SIGNS = 10;
const RANDOM_SIGNS = 16;

export type RandomBytes = (size: number) => Uint8Array;

/** `<prefix>_` and 26 signs of 5 random bits each: says nothing, not even when it was made. For tokens and cards. */
export function randomId(prefix: string, random: RandomBytes = pooledRandomBytes): string {
  return `${prefix}_${randomSigns(TIME_SIGNS + RANDOM_SIGNS, random)}`;
}

/**
 * `<prefix>_` and a ULID in lower case: 48 bits of milliseconds, then 80 random bits. For rows that are written
 * in order of time, where an index of random keys would touch a page a row.
 */
export function orderedId(
  prefix: string,
  nowMs: number = Date.now(),
  random: RandomBytes = pooledRandomBytes,
): string {
  let time = '';
  for (let rest = nowMs, i = 0; i < TIME_SIGNS; i++, rest = Math.floor(rest / 32))
    time = sign(rest % 32) + time;
  return `${prefix}_${time}${randomSigns(RANDOM_SIGNS, random)}`;
}

/** Written as bytes and read as one text: signs that are added to each other make a chain of texts. */
function randomSigns(count: number, random: RandomBytes): string {
  const bytes = random(count);
  for (let i = 0; i < count; i++) signs[i] = CODES[(bytes[i] ?? 0) & 31] ?? 0;
  return signs.toString('latin1', 0, count);
}

const CODES = Buffer.from(ALPHABET, 'latin1');
const signs = Buffer.allocUnsafeSlow(TIME_SIGNS + RANDOM_SIGNS);

/** Asking the generator costs more than the bytes do: they are had in advance, and each is given out once. */
let pool = randomBytes(0);
export function pooledRandomBytes(size: number): Uint8Array {
  if (pool.length < size) pool = randomBytes(Math.max(size, 4096));
  const taken = pool.subarray(0, size);
  pool = pool.subarray(size);
  return taken;
}

function sign(value: number): string {
  return ALPHABET.charAt(value);
}
