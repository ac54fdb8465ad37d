import type { Condition } from '@cofferdam/crds';
import type { RolloutTurn } from '../desired/rollout-turn.ts';
import type { Urgency } from '../engine/index.ts';
import type { ResyncTimes } from './context.ts';

/** Those who are next in a queue look more often than those at its end: nothing tells them when their turn comes. */
const NEXT_IN_LINE = 5;
/** Pods that have served for so long without being heard are not about to report: something keeps them from it. */
const REPORTS_WITHIN_MS = 60_000;

/**
 * When to look again if no event comes first: sooner while something is missing, and before those that lack nothing.
 * @param now milliseconds since the epoch, of the clock that the conditions have their times from
 */
export function resyncAfter(
  conditions: readonly Condition[] | undefined,
  times: ResyncTimes,
  { turn, now }: { turn: RolloutTurn; now: number },
): { afterMs: number; urgency: Urgency } {
  const retry = (afterMs: number) => ({ afterMs, urgency: 'retry' }) as const;
  if (turn.turn === 'Queued') {
    return retry(turn.position <= NEXT_IN_LINE ? times.unreportedMs : times.notReadyMs);
  }
  const find = (type: string) => conditions?.find((one) => one.type === type && one.status === 'True');
  if (find('Ready') !== undefined) return { afterMs: times.readyMs, urgency: 'resync' };
  const available = find('Available');
  const isFresh =
    available !== undefined && now - Date.parse(available.lastTransitionTime) < REPORTS_WITHIN_MS;
  const unreported = conditions?.some(
    ({ status, reason }) => status === 'Unknown' && reason === 'NotReported',
  );
  return retry(isFresh && unreported ? times.unreportedMs : times.notReadyMs);
}
