import type { Condition } from '@cofferdam/crds';
import type { RolloutTurn } from '../desired/rollout-turn.ts';
import type { ResyncTimes } from './context.ts';

/** Those who are next in a queue look more often than those at its end: nothing tells them when their turn comes. */
const NEXT_IN_LINE = 5;

/** When to look again if no event comes first: sooner while something is missing. */
export function resyncAfter(
  conditions: readonly Condition[] | undefined,
  times: ResyncTimes,
  turn: RolloutTurn = { turn: 'Free' },
): number {
  if (turn.turn === 'Queued') return turn.position <= NEXT_IN_LINE ? times.unreportedMs : times.notReadyMs;
  const holds = (type: string) =>
    conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
  if (holds('Ready')) return times.readyMs;
  const unreported = conditions?.some(
    ({ status, reason }) => status === 'Unknown' && reason === 'NotReported',
  );
  return holds('Available') && unreported ? times.unreportedMs : times.notReadyMs;
}
