import type { OwnerReference } from './objects.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/** What a look at the API server (not at a cache) says of one owner. */
export type OwnerState =
  /** It is there, with this UID. */
  | 'solid'
  /** It is not, or another object has its name. */
  | 'absent'
  /** It is being deleted in the foreground and waits for this dependent. */
  | 'waiting';

export type Dependent = { finalizers: string[]; hasDependents: boolean };
export type Owner = { reference: OwnerReference; state: OwnerState };

export type Decision =
  | { action: 'keep' }
  /** Take these references out; the object lives on. */
  | { action: 'release'; uids: string[] }
  | { action: 'delete'; propagationPolicy: 'Background' | 'Foreground' | 'Orphan' };

/** What becomes of an object that has owners: Kubernetes' garbage collector, as a function. */
export function decide(dependent: Dependent, owners: Owner[]): Decision {
  if (owners.length === 0) return { action: 'keep' };
  const gone = owners.filter(({ state }) => state !== 'solid').map(({ reference }) => reference.uid);
  if (owners.some(({ state }) => state === 'solid')) {
    return gone.length === 0 ? { action: 'keep' } : { action: 'release', uids: gone };
  }
  if (owners.some(({ state }) => state === 'waiting') && dependent.hasDependents) {
    return { action: 'delete', propagationPolicy: 'Foreground' };
  }
  // A finalizer that somebody put there says how the object wants its own dependents treated.
  if (dependent.finalizers.includes(ORPHAN)) return { action: 'delete', propagationPolicy: 'Orphan' };
  if (dependent.finalizers.includes(FOREGROUND)) return { action: 'delete', propagationPolicy: 'Foreground' };
  return { action: 'delete', propagationPolicy: 'Background' };
}
