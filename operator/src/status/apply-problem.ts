import { type Check, stalled, wrong } from './check.ts';

/** An object of ours that the API server refused. */
export type ApplyProblem = { kind: string; reason: 'ApplyFailed' | 'NameConflict'; message: string };

/** @param only the kind that the condition is about; all kinds without it */
export function applied(only?: string): Check<{ applyProblem: ApplyProblem | undefined }> {
  return ({ applyProblem }) => {
    if (applyProblem === undefined || (only !== undefined && applyProblem.kind !== only)) return undefined;
    const { reason, message } = applyProblem;
    return reason === 'NameConflict' ? stalled(reason, message) : wrong(reason, message);
  };
}
