import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BreakerRules,
  type BreakerState,
  CircuitOpenError,
  createCircuitBreaker,
  type Metrics,
} from '@cofferdam/runtime';
import { createCallBudget, type Rate } from './call-budget.ts';
import { type KeyContext, type KeyManagement, KeyManagementError } from './key-management.ts';

export interface GuardedKeyManagement extends KeyManagement {
  /** The same for what can wait: it leaves half of the budget to requests. */
  readonly background: KeyManagement;
  readonly circuit: BreakerState['kind'];
}

/** Of AWS's quota for an account and region (5,500 a second and more), a small part for each replica. */
const RATE: Rate = { perSecond: 50, burst: 200 };
const RULES: BreakerRules = { failures: 3, openMs: 2_000, maxOpenMs: 30_000 };

/** A request waits so long for the budget; then it is better off with an answer. */
const MAX_WAIT_MS = 1_000;

/**
 * A budget and a circuit breaker around the calls to KMS, so that a KMS that is away is left alone but for a probe now
 * and then, and a storm of new merchants does not use up the account's quota.
 *
 * @param options `nowMs` is a monotonic clock
 */
export function guardKeyManagement(
  inner: KeyManagement,
  options: { metrics: Metrics; nowMs?: () => number; rate?: Rate; rules?: BreakerRules },
): GuardedKeyManagement {
  const { metrics, nowMs = () => performance.now(), rate = RATE, rules = RULES } = options;
  const breaker = createCircuitBreaker({ rules, nowMs });
  const budget = createCallBudget({ rate, nowMs });
  const keptBack = metrics.meter.createCounter('cofferdam_kms_calls_kept_back', {
    description: 'Calls to KMS that were not sent, by operation and reason.',
  });
  metrics.meter
    .createObservableGauge('cofferdam_kms_circuit_open', {
      description: '1 while KMS is left alone because it did not answer.',
    })
    .addCallback((result) => result.observe(breaker.state === 'closed' ? 0 : 1));

  const guarding = (reserve: number): KeyManagement => {
    const guard = async <T>(operation: string, merchant: string, call: () => Promise<T>): Promise<T> => {
      const notAsked = (reason: string, retryAfterMs: number, cause?: unknown) => {
        keptBack.add(1, { operation, reason });
        const message = `KMS ${operation} for merchant ${merchant}: not asked, ${reason.replaceAll('_', ' ')}`;
        return new KeyManagementError('unreachable', message, { cause, retryAfterMs });
      };
      try {
        return await breaker.run(async () => {
          const waitMs = budget.take({ maxWaitMs: MAX_WAIT_MS, reserve });
          if (waitMs === undefined) throw new OverBudgetError();
          if (waitMs > 0) await sleep(waitMs);
          return call();
        }, judge);
      } catch (error) {
        if (error instanceof OverBudgetError) throw notAsked('over_budget', MAX_WAIT_MS);
        if (error instanceof CircuitOpenError)
          throw notAsked('circuit_open', error.retryAfterMs, error.cause);
        throw error;
      }
    };
    return {
      generateDataKey: (arn, context) =>
        guard('GenerateDataKey', context.merchant, () => inner.generateDataKey(arn, context)),
      unwrap: (arn, wrapped, context: KeyContext) =>
        guard('Decrypt', context.merchant, () => inner.unwrap(arn, wrapped, context)),
      rewrap: (arns, wrapped, context) =>
        guard('ReEncrypt', context.merchant, () => inner.rewrap(arns, wrapped, context)),
    };
  };
  return {
    ...guarding(0),
    background: guarding(rate.burst / 2),
    get circuit() {
      return breaker.state;
    },
  };
}

class OverBudgetError extends Error {
  override readonly name = 'OverBudgetError';
}

/** A refusal is an answer: a key that one merchant may not use must not keep the others from theirs. */
function judge(error: unknown) {
  if (error instanceof OverBudgetError) return 'unknown';
  return error instanceof KeyManagementError && error.failure === 'refused' ? 'answered' : 'failed';
}
