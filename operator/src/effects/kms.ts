import type { KeyOutcome, KeyPlan, KeyReference } from '../desired/key.ts';

/**
 * Keys outside the cluster. Both are idempotent; both may be cut off after any call and begun again. `guard` runs
 * before every call to KMS, and what it throws is thrown on: KMS knows no leader, so we must.
 */
export type KeyManagement = {
  /** Finds or makes the key and its grant. What is wrong with them is in the outcome; it does not throw for that. */
  ensure(plan: KeyPlan, guard?: () => void): Promise<KeyOutcome>;
  /**
   * Takes back the grant. With `Delete`, also schedules the deletion of a key that we created; a supplied one is
   * never touched.
   * @throws when KMS cannot be asked
   */
  release(key: KeyReference, policy: 'Retain' | 'Delete', guard?: () => void): Promise<void>;
};
