import type { RolloutTurn } from '../desired/rollout-turn.ts';
import { type Finding, wrong } from './check.ts';

/**
 * Those who come next say exactly where they stand. The others say it roughly: each step of the queue would be a write
 * to every resource that waits, and with thousands of them those would be the most that an upgrade costs.
 */
const EXACT = 5;

/** Says how long the queue is; the vault's own turn has come where only its router still waits for it. */
export function waitsForTurn(turn: RolloutTurn): Finding {
  if (turn.turn !== 'Queued') {
    return wrong(
      'Progressing',
      "the operator's new release is rolled out: the router follows when the vault is done",
    );
  }
  const { position, waiting, underWay } = turn;
  const what = "the operator's new release restarts its pods when its turn comes";
  if (position > EXACT) {
    const others = EXACT * 2 ** Math.floor(Math.log2((position - 1) / EXACT));
    return wrong(
      'RolloutQueued',
      `${what}: at least ${others} others come before it; the next ${EXACT} in line say which are under way`,
    );
  }
  const shown = underWay.slice(0, 3).join(', ');
  const more = underWay.length > 3 ? ` and ${underWay.length - 3} more` : '';
  const before = underWay.length === 0 ? 'MAX_ROLLOUTS is 0' : `under way: ${shown}${more}`;
  return wrong('RolloutQueued', `${what}: ${position} of ${waiting} waiting; ${before}`);
}
