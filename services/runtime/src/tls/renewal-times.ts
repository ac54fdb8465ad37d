/**
 * How long until a certificate is to be renewed: at two thirds of its life, or up to a tenth of its life earlier, so
 * that replicas that were started together do not come together for ever.
 * @param random 0 to 1
 */
export function renewInMs(
  { notBefore, notAfter }: { notBefore: Date; notAfter: Date },
  now: number,
  random: number,
): number {
  const life = notAfter.getTime() - notBefore.getTime();
  return Math.max(0, notBefore.getTime() + life * (2 / 3 - random / 10) - now);
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

/** Doubles with each failure, and is drawn from the upper half of that. @param failures in a row, from 1 */
export function retryInMs(failures: number, random: number): number {
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 16));
  return longest * (0.5 + random / 2);
}
