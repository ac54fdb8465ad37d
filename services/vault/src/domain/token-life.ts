/** When a token ends by itself; null: never. */
export type End = Date | null;

/** The end that a request asks for. */
export function endOf(
  asked: { ttlSeconds?: number | undefined; expiresAt?: string | undefined },
  now: Date,
): End {
  if (asked.expiresAt !== undefined) return new Date(Date.parse(asked.expiresAt));
  return asked.ttlSeconds === undefined ? null : new Date(now.getTime() + asked.ttlSeconds * 1000);
}

/** A token that several have asked for lives to the latest end that any of them was promised. */
export function laterEnd(a: End, b: End): End {
  if (a === null || b === null) return null;
  return a.getTime() >= b.getTime() ? a : b;
}

export function isSameEnd(a: End, b: End): boolean {
  return a?.getTime() === b?.getTime();
}
