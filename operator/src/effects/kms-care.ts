import {
  type BreakerRules,
  type CallResult,
  CircuitOpenError,
  createCircuitBreaker,
} from '@cofferdam/runtime/process';
import type { Clock, Random } from '../engine/clock.ts';
import { isKubeError } from '../engine/kube-error.ts';
import type { ExternalCalls } from '../metrics.ts';
import { createCallBudget, OverBudgetError } from './call-budget.ts';
import { isThrottling, isUnreachable } from './kms-problem.ts';
import { kmsRate } from './kms-quotas.ts';

/** What happens around every call to KMS. `place` is a region and endpoint: they fail and throttle each by itself. */
export type Care = <T>(call: { place: string; operation: string; send: () => Promise<T> }) => Promise<T>;

export const unlimited: Care = ({ send }) => send();

/** A worker waits so long for the budget; then the vault comes back later, and others have their turn. */
const MAX_WAIT_MS = 2_000;
const RULES: BreakerRules = { failures: 5, openMs: 5_000, maxOpenMs: 60_000 };

/** A budget for each operation and a circuit breaker for each place. */
export function kmsCare(options: {
  clock: Clock;
  random: Random;
  /** Our share of the account's request quota, percent. */
  quotaPercent: number;
  observe?: ExternalCalls;
}): Care {
  const { clock, random, quotaPercent, observe = () => {} } = options;
  const places = new Map<string, ReturnType<typeof at>>();
  const at = () => ({
    breaker: createCircuitBreaker({ rules: RULES, nowMs: () => clock.monotonicMs(), random }),
    budget: createCallBudget({
      clock,
      rateOf: (operation) => kmsRate(operation, quotaPercent),
      maxWaitMs: MAX_WAIT_MS,
    }),
  });
  return async ({ place, operation, send }) => {
    const known = places.get(place) ?? at();
    places.set(place, known);
    let startedMs = clock.monotonicMs();
    const tell = (outcome: Parameters<ExternalCalls>[0]['outcome']) =>
      observe({ system: 'kms', operation, outcome, tookMs: clock.monotonicMs() - startedMs });
    try {
      const answer = await known.breaker.run(async () => {
        await known.budget.wait(operation);
        startedMs = clock.monotonicMs();
        return send();
      }, judge);
      tell('ok');
      return answer;
    } catch (error) {
      tell(wasKeptBack(error) ? 'rejected' : 'error');
      throw error;
    }
  };
}

/** A refusal is an answer: a key that one vault may not use must not keep the others from theirs. */
function judge(error: unknown): CallResult {
  if (error instanceof OverBudgetError || isKubeError(error)) return 'unknown';
  return isThrottling(error) || isUnreachable(error) ? 'failed' : 'answered';
}

function wasKeptBack(error: unknown): boolean {
  return error instanceof OverBudgetError || error instanceof CircuitOpenError || isKubeError(error);
}
