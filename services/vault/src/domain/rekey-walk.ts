/** Where a rekey's walk through the records is. */
export interface Walk {
  startedAt: Date;
  /** Records when it began; an estimate of the planner's where there are many. */
  total: number;
  /** Records that the first walk has seen. */
  done: number;
  afterToken: string;
  afterVersion: number;
  walkStartedAt: Date;
  /** Records that this walk had to move. */
  walkMoved: number;
  /** Records that this walk could not open: they stay under their old key. */
  leftBehind: number;
  finishedAt: Date | undefined;
}

/**
 * For so long after an old key ceased to be a merchant's newest, a replica may still remember it as that, or a request
 * be under way with it.
 */
const SETTLE_MS = 120_000;

/** Whether the walk began when nobody could write with an old key any more, so that nothing can be behind its back. */
export function isSettled(walk: Walk, oldKeysGivenUpAt: Date | undefined, settleMs = SETTLE_MS): boolean {
  const since = Math.max(walk.startedAt.getTime(), oldKeysGivenUpAt?.getTime() ?? 0);
  return walk.walkStartedAt.getTime() >= since + settleMs;
}

/** After a batch of the walk: `last` is its last record; `old` of its records had an old key, and `leftBehind` keep it. */
export function afterBatch<W extends Walk>(
  walk: W,
  batch: { seen: number; old: number; leftBehind: number; last: { token: string; version: number } },
): W {
  const done = walk.done + batch.seen;
  return {
    ...walk,
    done: isFirstWalk(walk) ? done : walk.done,
    // Records were added since the beginning, or the number was an estimate.
    total: isFirstWalk(walk) ? Math.max(walk.total, done) : walk.total,
    afterToken: batch.last.token,
    afterVersion: batch.last.version,
    walkMoved: walk.walkMoved + batch.old - batch.leftBehind,
    leftBehind: walk.leftBehind + batch.leftBehind,
  };
}

/**
 * At the end of the table. What was written behind the walk's back is found by another one: the rekey is finished by a
 * settled walk that found nothing to move.
 */
export function afterWalk<W extends Walk>(walk: W, settled: boolean, now: Date): W {
  const total = isFirstWalk(walk) ? walk.done : walk.total;
  if (settled && walk.walkMoved === 0) return { ...walk, total, done: total, finishedAt: now };
  return { ...fromTheStart(walk, now), total, done: total };
}

/** Begins another walk, also of a rekey that was finished. */
export function fromTheStart<W extends Walk>(walk: W, now: Date): W {
  return {
    ...walk,
    afterToken: '',
    afterVersion: 0,
    walkStartedAt: now,
    walkMoved: 0,
    leftBehind: 0,
    finishedAt: undefined,
  };
}

function isFirstWalk(walk: Walk): boolean {
  return walk.walkStartedAt.getTime() === walk.startedAt.getTime();
}
