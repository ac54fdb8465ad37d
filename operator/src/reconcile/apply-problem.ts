import type { Refused } from '../engine/index.ts';
import type { ApplyProblem } from '../status/apply-problem.ts';

/** The first refusal, as a condition tells it. */
export function applyProblem(refused: readonly Refused[]): ApplyProblem | undefined {
  const [first] = refused;
  if (first === undefined) return undefined;
  const { item, error } = first;
  return {
    kind: item.resource.kind,
    reason: error.code === 'already_exists' ? 'NameConflict' : 'ApplyFailed',
    message: error.message,
  };
}
