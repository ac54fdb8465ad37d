import { isImmutableField, type Refused } from '../engine/index.ts';
import type { ApplyProblem } from '../status/apply-problem.ts';

/** The first refusal, as a condition tells it. */
export function applyProblem(refused: readonly Refused[]): ApplyProblem | undefined {
  const [first] = refused;
  if (first === undefined) return undefined;
  const { item, error } = first;
  return {
    kind: item.resource.kind,
    reason: reasonOf(error),
    message: isImmutableField(error)
      ? `${error.message}; delete it when an interruption is acceptable, and it is made again as asked`
      : error.message,
  };
}

function reasonOf(error: Refused['error']): ApplyProblem['reason'] {
  if (error.code === 'already_exists') return 'NameConflict';
  return isImmutableField(error) ? 'ImmutableField' : 'ApplyFailed';
}
