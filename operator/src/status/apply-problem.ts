import { type Check, stalled, wrong } from './check.ts';

/** An object of ours that the API server refused. */
export type ApplyProblem = {
  kind: string;
  reason: 'ApplyFailed' | 'ImmutableField' | 'NameConflict';
  message: string;
};

/** @param only the kind that the condition is about; all kinds without it */
export function applied(only?: string): Check<{ applyProblem: ApplyProblem | undefined }> {
  return ({ applyProblem }) => {
    if (applyProblem === undefined || (only !== undefined && applyProblem.kind !== only)) return undefined;
    const { reason, message } = applyProblem;
    // Nothing that the operator does by itself mends the other two.
    return reason === 'ApplyFailed' ? wrong(reason, message) : stalled(reason, message);
  };
}
