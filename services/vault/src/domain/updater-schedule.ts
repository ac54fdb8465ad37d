const DAY_MS = 86_400_000;

/** Cards whose month was over so long ago are given up. */
const MONTHS_AFTER = 3;

/**
 * Cards of which expiries an updater is asked about, as `year * 12 + month`, both inclusive: from those that have just
 * expired to those that will within so many days.
 */
export function expiriesToAskAbout(now: Date, days: number): { from: number; to: number } {
  const horizon = new Date(now.getTime() + days * DAY_MS);
  return { from: monthsOf(now) - MONTHS_AFTER, to: monthsOf(horizon) };
}

function monthsOf(date: Date): number {
  return date.getUTCFullYear() * 12 + date.getUTCMonth() + 1;
}

/** One walk through all tokens a day. */
export function isWalkDue(walk: { startedAt: Date; finishedAt: Date | null }, now: Date): boolean {
  return walk.finishedAt === null || now.getTime() >= walk.startedAt.getTime() + DAY_MS;
}

/** Doubles with each attempt in a row, up to an hour. */
export function pauseAfter(attempts: number, intervalMs: number): number {
  return Math.min(Math.max(intervalMs, 3_600_000), intervalMs * 2 ** Math.min(attempts - 1, 20));
}

/** A batch that has no answer after this is given up, and its cards are asked about in another one. */
const GIVE_UP_AFTER_MS = 7 * DAY_MS;

export function isToBeGivenUp(batch: { createdAt: Date }, now: Date): boolean {
  return now.getTime() >= batch.createdAt.getTime() + GIVE_UP_AFTER_MS;
}
