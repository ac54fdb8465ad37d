import { GROUP } from '@cofferdam/crds';
import type { Facts } from './facts.ts';

/** Which operator this is: its version, and a digest that differs whenever what it makes of a spec may differ. */
export type OperatorRelease = { version: string; digest: string };

/** On a resource: the version of an older operator that may act on it all the same. */
export const ACCEPTED_OPERATOR_ANNOTATION = `${GROUP}/accepted-operator`;

type Marked = {
  metadata: { annotations?: Record<string, string> | undefined };
  status?: { operatorVersion?: string | undefined } | undefined;
};

/**
 * Why this operator must leave a resource alone: a newer one has acted on it, and what it has made this one might
 * undo without knowing. `undefined` when it may act.
 */
export function tooOldFor(resource: Marked, facts: Facts): string | undefined {
  const { release, allowDowngrade = false } = facts;
  const acted = resource.status?.operatorVersion;
  if (release === undefined || acted === undefined || allowDowngrade || !isNewer(acted, release.version))
    return undefined;
  if (resource.metadata.annotations?.[ACCEPTED_OPERATOR_ANNOTATION] === release.version) return undefined;
  return `operator ${acted} has acted on it, and this is the older ${release.version}: nothing is changed; upgrade the operator, or to go back for good annotate the resource with ${ACCEPTED_OPERATOR_ANNOTATION}=${release.version} (all at once: ALLOW_DOWNGRADE=true in the operator's environment)`;
}

/** By semantic versioning's order; what is no such version is never newer. */
export function isNewer(one: string, other: string): boolean {
  const [a, b] = [parts(one), parts(other)];
  if (a === undefined || b === undefined) return false;
  const at = a.numbers.findIndex((number, index) => number !== b.numbers[index]);
  if (at >= 0) return (a.numbers[at] ?? 0) > (b.numbers[at] ?? 0);
  // A release comes after its own candidates.
  if (a.candidate === '' || b.candidate === '') return a.candidate === '' && b.candidate !== '';
  return a.candidate.localeCompare(b.candidate, 'en', { numeric: true }) > 0;
}

function parts(version: string): { numbers: number[]; candidate: string } | undefined {
  const [, major, minor, patch, candidate = ''] =
    /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+.*)?$/.exec(version) ?? [];
  return major === undefined ? undefined : { numbers: [major, minor, patch].map(Number), candidate };
}
