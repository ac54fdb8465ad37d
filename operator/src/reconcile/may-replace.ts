import type { Resource } from '../engine/index.ts';

const KINDS = ['Job', 'PodDisruptionBudget', 'ConfigMap'];

/**
 * To make one of these again interrupts nobody: what has run is done, what is read or counted stays so meanwhile or a
 * moment later. A Deployment or a Service would take what is served away, and without its NetworkPolicy a pod may
 * talk to everybody, for ever if somebody's rule then refuses the new one.
 */
export function mayReplace({ kind }: Pick<Resource, 'kind'>): boolean {
  return KINDS.includes(kind);
}
