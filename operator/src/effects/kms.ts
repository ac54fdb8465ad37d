import type { KeyOutcome, KeyPlan, KeyReference } from '../desired/key.ts';

/** Where keys are. */
export type KeyPlace = Pick<KeyReference, 'region' | 'endpoint'>;

/**
 * Keys outside the cluster. All are idempotent; all may be cut off after any call and begun again. `guard` runs
 * before every call to KMS, and what it throws is thrown on: KMS knows no leader, so we must.
 */
export type KeyManagement = {
  /** Finds or makes the key and its grants. What is wrong with them is in the outcome; it does not throw for that. */
  ensure(plan: KeyPlan, guard?: () => void): Promise<KeyOutcome>;
  /** One call, and one for each key of a merchant's own: whether they are there and enabled. Says nothing of tags, rotation and grants. */
  isUsable(plan: KeyPlan, keyArn: string, guard?: () => void): Promise<boolean>;
  /**
   * Takes back the grant on a key that the vault no longer needs.
   * @throws when KMS cannot be asked
   */
  retire(place: KeyReference, keyArn: string, guard?: () => void): Promise<void>;
  /**
   * Takes back all grants. With `Delete`, also schedules the deletion of a key that we created; a supplied one is
   * never touched.
   * @throws when KMS cannot be asked
   */
  release(key: KeyReference, policy: 'Retain' | 'Delete', guard?: () => void): Promise<void>;
  /**
   * Gets to know the keys of a place, so that a new vault need not wait until it is known that none of them is its
   * own. What is in `known` is taken note of at once, before anything is awaited, and not asked for.
   * @throws when KMS cannot be asked
   */
  prepare(
    place: KeyPlace,
    known: Iterable<{ vaultId: string; keyArn: string }>,
    guard?: () => void,
  ): Promise<void>;
  /**
   * Schedules the deletion of keys that we made for these vaults and that provably were never used. Asks for the
   * tags of every key of the region: for once a day.
   * @returns their ARNs
   * @throws when KMS cannot be asked
   */
  sweep(
    place: KeyPlace,
    options: { vaultIds: ReadonlySet<string>; nowMs: number },
    guard?: () => void,
  ): Promise<string[]>;
};
