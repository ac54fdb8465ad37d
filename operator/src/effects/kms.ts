import type { KeyOutcome, KeyPlan } from '../desired/key.ts';

/** Keys outside the cluster. Both are idempotent; both may be cut off after any call and begun again. */
export type KeyManagement = {
  /** Finds or makes the key and its grant. What is wrong with them is in the outcome; it does not throw for that. */
  ensure(plan: KeyPlan): Promise<KeyOutcome>;
  /**
   * Takes back the grant. With `Delete`, also schedules the deletion of a key that we created; a supplied one is
   * never touched.
   * @throws when KMS cannot be asked
   */
  release(plan: KeyPlan, policy: 'Retain' | 'Delete'): Promise<void>;
};
