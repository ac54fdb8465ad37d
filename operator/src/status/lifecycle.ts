import type { Condition, Reason } from '@cofferdam/crds';
import { conditions, type Finding, unknown } from './check.ts';

type Resource = {
  metadata: { generation?: number | undefined };
  status?: { conditions?: Condition[] | undefined } | undefined;
};

/** The first thing written: a reader must never take an empty status for an old one that was fine. */
export function initialConditions(generation: number, now: string): Condition[] {
  const said = { reason: 'Initializing', message: 'the operator has seen it and has not acted yet' } as const;
  return conditions(
    { Ready: { status: 'Unknown', ...said }, Reconciling: { status: 'True', ...said } },
    { before: undefined, generation, now },
  );
}

/** While `spec.paused` nothing is changed, and what the parts said before stands. */
export function pausedConditions(resource: Resource, now: string): Condition[] {
  const message = 'spec.paused is true: nothing is changed until it is removed';
  return replaceSummary(resource, { Ready: unknown('Paused', message) }, now);
}

/** @param heldUpBy what has to be done first and cannot be, at the moment */
export function deletingConditions(resource: Resource, now: string, heldUpBy?: string): Condition[] {
  const why = heldUpBy === undefined ? '' : `, and waits: ${heldUpBy}`;
  const said = { reason: 'Deleting', message: `it is being deleted${why}` } as const;
  return replaceSummary(
    resource,
    { Ready: { status: 'False', ...said }, Reconciling: { status: 'True', ...said } },
    now,
  );
}

export function saysDeleting({ status }: Resource): boolean {
  return status?.conditions?.some(({ reason }) => reason === 'Deleting') ?? false;
}

function replaceSummary(resource: Resource, summary: Record<string, Finding>, now: string): Condition[] {
  const before = resource.status?.conditions ?? [];
  const generation = resource.metadata.generation ?? 0;
  const parts = before.filter(({ type }) => !['Ready', 'Reconciling', 'Stalled'].includes(type));
  return [...conditions(summary, { before, generation, now }), ...parts];
}

/** Nothing is done for the resource, and a person has to say what next. */
export function stalledConditions(
  resource: Resource,
  why: { reason: Reason; message: string },
  now: string,
): Condition[] {
  return replaceSummary(
    resource,
    { Ready: { status: 'False', ...why }, Stalled: { status: 'True', ...why } },
    now,
  );
}

/** The operator failed at it, several times over, and goes on trying; what the parts said before stands. */
export function failedConditions(resource: Resource, error: string, now: string): Condition[] {
  const reason = 'InternalError';
  const message = `the operator failed and tries again: ${error}; its log has more`;
  return replaceSummary(
    resource,
    { Ready: unknown(reason, message), Reconciling: { status: 'True', reason, message } },
    now,
  );
}
