import { z } from 'zod';
import { listSet } from './schema-rules.ts';

export const ObservedGeneration = z
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .describe('Generation of the spec that the rest of the status is about.');

export const NotYetActedOn = listSet(z.array(z.string().max(128)).max(64)).describe(
  'Members of the spec that are valid, that this resource sets, and that this release does not act on yet.',
);

/**
 * Members of the spec that a release accepts and does not act on yet. The operator names those that a resource
 * sets in `status.notYetActedOn`; a path leaves this list with the change that makes it work.
 */
export const NOT_YET_ACTED_ON = {
  PaymentVault: [
    'spec.router.cascade',
    // Routed and let through by the operator; the connectors of this release take none yet.
    'spec.gateway.webhooks',
  ],
  PSPConnector: ['spec.limits', 'spec.resilience.circuitBreaker', 'spec.http'],
} as const;
export type NotYetActedOnPath = (typeof NOT_YET_ACTED_ON)[keyof typeof NOT_YET_ACTED_ON][number];

/**
 * Those of `paths` that `spec` sets.
 * @param spec the `spec` of a resource
 * @param paths dotted paths that begin with `spec.`; list members are not entered
 */
export function pathsThatAreSet(spec: unknown, paths: readonly string[]): string[] {
  return paths.filter((path) => {
    let value: unknown = { spec };
    for (const member of path.split('.')) {
      if (typeof value !== 'object' || value === null) return false;
      value = Reflect.get(value, member);
    }
    return value !== undefined;
  });
}
