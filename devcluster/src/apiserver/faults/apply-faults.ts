import { setTimeout as wait } from 'node:timers/promises';
import { StatusError } from '../errors.ts';
import type { FaultRule } from './fault-rule.ts';

/** What is left of the faults of one request once the waiting is over. */
export interface FaultPlan {
  drop: 'before' | 'after' | undefined;
  silentWatch: boolean;
  staleByRevisions: number;
}

const REASONS: Record<number, string> = {
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function asError({ status = 500, reason, message, retryAfterSeconds }: FaultRule): StatusError {
  const known = reason ?? REASONS[status];
  return new StatusError({
    code: status,
    message: message ?? `a fault that was asked for (${status})`,
    ...(known === undefined ? {} : { reason: known }),
    ...(retryAfterSeconds === undefined
      ? {}
      : { details: { retryAfterSeconds }, headers: { 'retry-after': String(retryAfterSeconds) } }),
  });
}

/**
 * Waits as long as the faults say.
 *
 * @throws StatusError when one of them answers the request with an error
 */
export async function applyFaults(rules: readonly FaultRule[]): Promise<FaultPlan> {
  const latency = rules.reduce((sum, rule) => sum + (rule.latencyMilliseconds ?? 0), 0);
  if (latency > 0) await wait(latency);
  const drop = rules.find((rule) => rule.drop !== undefined)?.drop;
  const refused = rules.find((rule) => rule.status !== undefined);
  if (refused !== undefined && drop !== 'before') throw asError(refused);
  return {
    drop,
    silentWatch: rules.some((rule) => rule.silentWatch === true),
    staleByRevisions: Math.max(0, ...rules.map((rule) => rule.staleByRevisions ?? 0)),
  };
}

export const NO_FAULTS: FaultPlan = { drop: undefined, silentWatch: false, staleByRevisions: 0 };
