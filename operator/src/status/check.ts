import type { Condition, ConditionType, Reason } from '@cofferdam/crds';

/** What a condition says, before it has a time. */
export type Finding = {
  status: 'True' | 'False' | 'Unknown';
  reason: Reason;
  message: string;
  /** Nothing gets better until somebody changes something. */
  stalled?: boolean;
};

/** Looks at one thing and says what is wrong with it, or nothing. */
export type Check<I> = (input: I) => Finding | undefined;

/** The first check that finds something decides; when none does, all is as asked. */
export function judge<I>(input: I, checks: readonly Check<I>[], fine: string): Finding {
  for (const check of checks) {
    const found = check(input);
    if (found !== undefined) return found;
  }
  return { status: 'True', reason: 'Succeeded', message: fine };
}

export function wrong(reason: Reason, message: string): Finding {
  return { status: 'False', reason, message };
}

export function stalled(reason: Reason, message: string): Finding {
  return { status: 'False', reason, message, stalled: true };
}

export function unknown(reason: Reason, message: string): Finding {
  return { status: 'Unknown', reason, message };
}

export type Findings = Partial<Record<ConditionType, Finding>>;

/**
 * The conditions of a resource. `Reconciling` and `Stalled` are present only while they are True, as kstatus wants;
 * `lastTransitionTime` moves only with the status, so that a status which says the same is the same.
 */
export function conditions(
  findings: Findings,
  context: { before: readonly Condition[] | undefined; generation: number; now: string },
): Condition[] {
  const { before = [], generation, now } = context;
  return Object.entries(findings).map(([type, finding]) => {
    const previous = before.find((condition) => condition.type === type);
    return {
      type,
      status: finding.status,
      reason: finding.reason,
      message: finding.message.slice(0, 4096),
      lastTransitionTime: previous?.status === finding.status ? previous.lastTransitionTime : now,
      observedGeneration: generation,
    };
  });
}

/**
 * Ready, and with it Reconciling or Stalled. The first part that is not True decides, but one that waits for a
 * person goes before the others: it is the answer to "why is it stuck". The roll-out comes last and has no
 * condition of its own.
 */
export function readiness(parts: Findings, rollout: Finding): Findings {
  const named = Object.entries(parts).map(([type, finding]) => ({
    ...finding,
    message: `${type}: ${finding.message}`,
  }));
  const bad = [...named, rollout].filter(({ status }) => status !== 'True');
  const found = bad.find((finding) => finding.stalled) ?? bad[0];
  if (found === undefined) {
    return { Ready: { status: 'True', reason: 'Succeeded', message: 'all is as asked' } };
  }
  const { status, reason, message } = found;
  const why: Finding = { status: 'True', reason, message };
  return { Ready: { status, reason, message }, ...(found.stalled ? { Stalled: why } : { Reconciling: why }) };
}
