import type { WrappedKey } from '../storage/data-keys.ts';
import type { DataKey } from './data-key.ts';

/** The keys of a merchant's fingerprints and request digests. */
export interface DigestKeys {
  /** Cards are found by their fingerprint under it, and requests are digested with it. */
  current: DataKey;
  /** While fingerprints move: every new card has a second one, under this key, in `next_fingerprints`. */
  second: DataKey | undefined;
  /** New requests are digested with these as well, so that replicas that are a step ahead know them. */
  alsoForRequests: DataKey[];
  /** Requests of the last day may have been digested with these. */
  formerForRequests: DataKey[];
}

/** The row of the key in use: the newest that is neither coming nor going. */
export function currentOf(rows: readonly WrappedKey[]): WrappedKey | undefined {
  return rows.find(({ stage, destroyedAt }) => stage === undefined && destroyedAt === undefined);
}

/**
 * What follows from the stages of the keys (docs/adr/0022). Two replicas that are one step apart always have a
 * fingerprint and a request digest in common, so that what one has written the other finds, or runs into.
 *
 * @param rows newest first
 */
export async function digestKeysOf(
  rows: readonly WrappedKey[],
  keyOf: (row: WrappedKey) => Promise<DataKey>,
): Promise<DigestKeys> {
  const live = rows.filter(({ destroyedAt }) => destroyedAt === undefined);
  const current = currentOf(rows);
  if (!current) throw new Error('a merchant without a digest key');
  const inStage = (wanted: WrappedKey['stage']) =>
    Promise.all(live.filter(({ stage }) => stage === wanted).map(keyOf));
  const [key, next, former, past] = await Promise.all([
    keyOf(current),
    inStage('next'),
    inStage('former'),
    inStage('past'),
  ]);
  return {
    current: key,
    second: next[0] ?? (former.length > 0 ? key : undefined),
    alsoForRequests: next,
    formerForRequests: [...former, ...past],
  };
}
