import type { Registry } from './resources/registry.ts';
import type { Store } from './storage/store.ts';

/** What the handlers share. */
export interface ServerContext {
  store: Store;
  registry: Registry;
  now(): Date;
}

/** Kubernetes' metav1.Time: to the second. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** Kubernetes' MicroTime: six digits, as Lease times must have. */
export function microTimestamp(date: Date): string {
  return `${date.toISOString().slice(0, 23)}000Z`;
}
