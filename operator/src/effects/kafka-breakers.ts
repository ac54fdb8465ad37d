import { createHash } from 'node:crypto';
import type { KafkaAccess } from '@cofferdam/runtime';
import { type BreakerRules, type CircuitBreaker, createCircuitBreaker } from '@cofferdam/runtime/process';
import type { Clock, Random } from '../engine/clock.ts';

/** A failure may have taken a worker eight seconds, so that two are enough. */
const RULES: BreakerRules = { failures: 2, openMs: 5_000, maxOpenMs: 30_000 };
/** More sets of brokers than an operator has; the one that was made first goes. */
const MOST = 1_000;

/**
 * A circuit breaker for each way to a set of brokers. For each way, and not for each set: who comes with the wrong
 * credential, or without TLS, must not keep those out that come with the right one.
 */
export function kafkaBreakers(options: {
  clock: Pick<Clock, 'monotonicMs'>;
  random: Random;
}): (access: KafkaAccess) => CircuitBreaker {
  const { clock, random } = options;
  const nowMs = () => clock.monotonicMs();
  const breakers = new Map<string, CircuitBreaker>();
  return (access) => {
    // A digest, for there are passwords in it.
    const key = createHash('sha256').update(JSON.stringify(access)).digest('base64');
    const breaker = breakers.get(key) ?? createCircuitBreaker({ rules: RULES, nowMs, random });
    breakers.set(key, breaker);
    const oldest = breakers.keys().next().value;
    if (breakers.size > MOST && oldest !== undefined) breakers.delete(oldest);
    return breaker;
  };
}
