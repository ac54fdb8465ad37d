import { canonicalJson } from '../domain/canonical-json.ts';
import type { WrappedKey } from '../storage/data-keys.ts';
import type { DataKey } from './data-key.ts';

/** The keys of a merchant's fingerprints and request digests. More than one only while a rekey moves fingerprints. */
export interface DigestKeys {
  /** New fingerprints and request digests are under it. */
  current: DataKey;
  /** Every new card has a second fingerprint, under this key, in `next_fingerprints`. */
  second: DataKey | undefined;
  /** New requests are digested with these as well, so that replicas that are a step ahead know them. */
  next: readonly DataKey[];
  /** Cards, and requests of the last day, may be under these. */
  former: readonly DataKey[];
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
  const row = currentOf(rows);
  if (!row) throw new Error('a merchant without a digest key');
  const live = rows.filter(({ destroyedAt }) => destroyedAt === undefined);
  const inStage = (wanted: WrappedKey['stage']) =>
    Promise.all(live.filter(({ stage }) => stage === wanted).map(keyOf));
  const [current, next, former, past] = await Promise.all([
    keyOf(row),
    inStage('next'),
    inStage('former'),
    inStage('past'),
  ]);
  return {
    current,
    second: next[0] ?? (former.length > 0 ? current : undefined),
    next,
    former: [...former, ...past],
  };
}

/** Digests of a request: of its idempotency key and of its body. */
export interface RequestDigests {
  keyDigest: Buffer;
  bodyDigest: Buffer;
  /** The same under other keys; absent when there are none. */
  otherDigests?: readonly OtherDigests[];
}

export interface OtherDigests {
  keyDigest: Buffer;
  bodyDigest: Buffer;
  /** Whether a new request is remembered by these as well; otherwise an earlier one may be. */
  isWritten: boolean;
}

/** @param body what is digested beside: with an object its canonical form */
export function digestRequest(
  { current, next, former }: DigestKeys,
  operation: string,
  { idempotencyKey, body }: { idempotencyKey: string; body: readonly (string | object)[] },
): RequestDigests {
  const parts = body.map((part) => (typeof part === 'string' ? part : canonicalJson(part)));
  const under = (key: DataKey) => ({
    keyDigest: key.digest('idempotency key', operation, idempotencyKey),
    bodyDigest: key.digest('request', ...parts),
  });
  const others = [
    ...next.map((key) => ({ ...under(key), isWritten: true })),
    ...former.map((key) => ({ ...under(key), isWritten: false })),
  ];
  return { ...under(current), ...(others.length > 0 ? { otherDigests: others } : {}) };
}

/** Under which fingerprints a card is found and written. */
export interface CardFingerprints {
  fingerprint: Buffer;
  keyVersion: number;
  /** For `next_fingerprints`. */
  second?: { fingerprint: Buffer; keyVersion: number };
  /** Others that it may have; absent when there are none. */
  otherFingerprints?: readonly Buffer[];
}

export function fingerprintCard(
  { current, second, next, former }: DigestKeys,
  { vaultId, merchant, number }: { vaultId: string; merchant: string; number: string },
): CardFingerprints {
  const under = (key: DataKey) => key.digest('fingerprint', vaultId, merchant, number);
  const others = [...next, ...former].map(under);
  return {
    fingerprint: under(current),
    keyVersion: current.version,
    ...(second ? { second: { fingerprint: under(second), keyVersion: second.version } } : {}),
    ...(others.length > 0 ? { otherFingerprints: others } : {}),
  };
}
