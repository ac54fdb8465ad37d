/**
 * How a rekey takes fingerprints and request digests from one key of each merchant to the next (docs/adr/0022):
 * - `adding`: the new keys are made; every new card gets its fingerprints under both;
 * - `closing`: code that does not know of two keys can have the old one no more;
 * - `moving`: the new keys are the ones in use; each card's fingerprint is computed anew, from its record;
 * - `expiring`: no card is under an old key; requests of the last day may be;
 * - `finished`: nothing is.
 */
export type Phase = 'adding' | 'closing' | 'moving' | 'expiring' | 'finished';

export interface FingerprintMove {
  generation: number;
  startedAt: Date;
  phase: Phase;
  phaseSince: Date;
  /** Cards when it began; an estimate of the planner's where there are many. */
  total: number;
  /** Cards that the first walk has seen. */
  done: number;
  afterMerchant: string;
  afterFingerprint: Buffer;
  walkStartedAt: Date;
  /** Cards under an old key that this walk had to move. */
  walkMoved: number;
  /** Cards of which this walk could open no record, or the last one when it is over: they stay under their old key. */
  leftBehind: number;
  finishedAt: Date | undefined;
}

/**
 * For so long after a phase began a replica may act as if it had not: it remembers keys for half a minute, and what it
 * has begun goes on.
 */
const SETTLE_MS = 120_000;

/** A roll-out from code that does not know of two keys lasts so long: it is not locked out before. */
const ROLL_OUT_MS = 600_000;

/** Whether every replica knows of the phase, and nothing is under way from before. */
export function isKnownToAll(move: FingerprintMove, now: Date, settleMs = SETTLE_MS): boolean {
  return now.getTime() >= move.phaseSince.getTime() + settleMs;
}

/** Whether code of before has had the time to go. */
export function mayLockOut(move: FingerprintMove, now: Date, settleMs = SETTLE_MS): boolean {
  return now.getTime() >= move.phaseSince.getTime() + settleMs * (ROLL_OUT_MS / SETTLE_MS);
}

export function enter(move: FingerprintMove, phase: Phase, now: Date): FingerprintMove {
  const finished = phase === 'finished';
  return {
    ...fromTheStart(move, now),
    phase,
    phaseSince: now,
    ...(phase === 'expiring' || finished ? { total: move.done, done: move.done } : { leftBehind: 0 }),
    finishedAt: finished ? now : undefined,
  };
}

/** After a batch of the walk: `last` is its last card; `old` of its cards were under an old key, `leftBehind` stay so. */
export function afterCards(
  move: FingerprintMove,
  batch: {
    seen: number;
    old: number;
    leftBehind: number;
    last: { merchant: string; fingerprint: Buffer };
  },
): FingerprintMove {
  const done = isFirstWalk(move) ? move.done + batch.seen : move.done;
  return {
    ...move,
    done,
    total: Math.max(move.total, done),
    afterMerchant: batch.last.merchant,
    afterFingerprint: batch.last.fingerprint,
    walkMoved: move.walkMoved + batch.old - batch.leftBehind,
    leftBehind: move.leftBehind + batch.leftBehind,
  };
}

/** At the end of the table: a walk that began when all knew of the phase, and had nothing to move, is the last one. */
export function afterWalk(move: FingerprintMove, now: Date, settleMs = SETTLE_MS): FingerprintMove {
  const began = move.walkStartedAt.getTime() >= move.phaseSince.getTime() + settleMs;
  if (began && move.walkMoved === 0) return enter(move, 'expiring', now);
  return { ...fromTheStart(move, now), leftBehind: 0, total: isFirstWalk(move) ? move.done : move.total };
}

function fromTheStart(move: FingerprintMove, now: Date): FingerprintMove {
  return {
    ...move,
    afterMerchant: '',
    afterFingerprint: Buffer.alloc(0),
    walkStartedAt: now,
    walkMoved: 0,
  };
}

function isFirstWalk(move: FingerprintMove): boolean {
  return move.walkStartedAt.getTime() === move.phaseSince.getTime();
}
