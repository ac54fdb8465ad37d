import type { RolloutTurn } from '../desired/rollout-turn.ts';
import { type Finding, wrong } from './check.ts';

/** Says how long the queue is; the vault's own turn has come where only its router still waits for it. */
export function waitsForTurn(turn: RolloutTurn): Finding {
  if (turn.turn !== 'Queued') {
    return wrong(
      'Progressing',
      "the operator's new release is rolled out: the router follows when the vault is done",
    );
  }
  const { position, waiting, underWay } = turn;
  const shown = underWay.slice(0, 3).join(', ');
  const more = underWay.length > 3 ? ` and ${underWay.length - 3} more` : '';
  const before = underWay.length === 0 ? 'MAX_ROLLOUTS is 0' : `under way: ${shown}${more}`;
  return wrong(
    'RolloutQueued',
    `the operator's new release restarts its pods when its turn comes: ${position} of ${waiting} waiting; ${before}`,
  );
}
