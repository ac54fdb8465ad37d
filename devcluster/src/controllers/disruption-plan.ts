import { type Condition, withCondition } from './conditions.ts';
import type { Pod, PodDisruptionBudget } from './objects.ts';
import { isActive, isReady } from './objects.ts';

/**
 * The counts of a PodDisruptionBudget over the pods that it selects. Nothing here evicts: the counts are for people
 * and for tools that wait for them.
 */
export function planDisruptionStatus(budget: PodDisruptionBudget, pods: Pod[], now: Date) {
  const expectedPods = pods.filter(isActive).length;
  const currentHealthy = pods.filter((pod) => isActive(pod) && isReady(pod)).length;
  const { minAvailable, maxUnavailable } = budget.spec;
  const desiredHealthy =
    maxUnavailable !== undefined
      ? Math.max(0, expectedPods - scaled(maxUnavailable, expectedPods))
      : scaled(minAvailable ?? 1, expectedPods);
  const disruptionsAllowed = Math.max(0, currentHealthy - desiredHealthy);
  const allowed = expectedPods > 0 && disruptionsAllowed > 0;
  const condition: Condition = {
    type: 'DisruptionAllowed',
    status: allowed ? 'True' : 'False',
    reason: allowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
  };
  return {
    observedGeneration: budget.metadata.generation ?? 1,
    expectedPods,
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed: allowed ? disruptionsAllowed : 0,
    conditions: withCondition(budget.status?.conditions as Condition[] | undefined, condition, now).map(
      (each) => ({
        observedGeneration: budget.metadata.generation ?? 1,
        ...each,
      }),
    ),
  };
}

/** Percentages round up, for both fields, as the disruption controller does it. */
const scaled = (value: number | string, of: number): number =>
  typeof value === 'number' ? value : Math.ceil((Number(value.replace('%', '')) * of) / 100);
