import type { Condition } from '@cofferdam/crds';
import type { ResyncTimes } from './context.ts';

/** When to look again if no event comes first: sooner while something is missing. */
export function resyncAfter(conditions: readonly Condition[] | undefined, times: ResyncTimes): number {
  const holds = (type: string) =>
    conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
  if (holds('Ready')) return times.readyMs;
  const unreported = conditions?.some(
    ({ status, reason }) => status === 'Unknown' && reason === 'NotReported',
  );
  return holds('Available') && unreported ? times.unreportedMs : times.notReadyMs;
}
