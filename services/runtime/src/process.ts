/**
 * What every process needs, also one that is no HTTP service with a database and a broker: the operator has no use for
 * those, and their clients take 60 MB.
 */
export {
  type BreakerRules,
  type CallResult,
  type CircuitBreaker,
  CircuitOpenError,
  createCircuitBreaker,
} from './client/circuit-breaker.ts';
export { readEnvironment } from './environment.ts';
export { ProblemError, StartError } from './errors.ts';
export { problemBody } from './http/problems.ts';
export { every } from './lifecycle/every.ts';
export type { Lifecycle } from './lifecycle/lifecycle.ts';
export { runService } from './lifecycle/run-service.ts';
export { createLogger, type Logger } from './logging/logger.ts';
export { createMetrics, type Metrics } from './metrics/metrics.ts';
export { observeProcess } from './metrics/process.ts';
