import type { Probe } from '../controllers/objects.ts';

export type ProbeVerdict = 'success' | 'failure' | 'unchanged';

export type ProbeTracker = {
  /** Takes one result; says whether the probe as a whole now succeeds or fails. */
  take(succeeded: boolean, nowMs: number): ProbeVerdict;
};

/**
 * Counts a probe's results against its thresholds. Before the first success a process that is just starting is asked
 * more often than `periodSeconds` says, so that it is seen as soon as it is ready; failures count once a period, as
 * if it had not been.
 */
export function createProbeTracker(probe: Probe): ProbeTracker {
  const { failureThreshold = 3, successThreshold = 1, periodSeconds = 10 } = probe;
  let successes = 0;
  let failures = 0;
  let countedAt: number | undefined;
  return {
    take(succeeded, nowMs) {
      if (succeeded) {
        countedAt ??= Number.NEGATIVE_INFINITY;
        failures = 0;
        successes += 1;
        return successes >= successThreshold ? 'success' : 'unchanged';
      }
      // A process that has never answered has the first period for its start.
      countedAt ??= nowMs;
      // A little tolerance: timers are never exact.
      if (nowMs - countedAt < periodSeconds * 1000 - 50) return 'unchanged';
      countedAt = nowMs;
      successes = 0;
      failures += 1;
      return failures >= failureThreshold ? 'failure' : 'unchanged';
    },
  };
}
