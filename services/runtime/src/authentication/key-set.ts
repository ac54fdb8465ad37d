import { createHash } from 'node:crypto';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWSHeaderParameters } from 'jose';
import { z } from 'zod';

/** Only public keys: a set with a symmetric or private key in it is refused as a whole. */
const KeySetDocument = z.looseObject({
  keys: z.array(z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']), d: z.undefined().optional() })).max(100),
});

type ResolveKey = ReturnType<typeof createLocalJWKSet>;

/** The keys of one issuer at one moment. `fingerprint` changes whenever the set does. */
export interface KeySet {
  fingerprint: string;
  resolve: ResolveKey;
}

/** @throws when the text is not a JSON Web Key Set (RFC 7517) of public keys */
export function parseKeySet(text: string): KeySet {
  const document = KeySetDocument.parse(JSON.parse(text));
  return {
    fingerprint: createHash('sha256').update(text).digest('base64url'),
    resolve: createLocalJWKSet(document as unknown as JSONWebKeySet),
  };
}

/** Where an issuer's keys come from. */
export interface KeySource {
  /** The current keys, or undefined while there are none. */
  current(): Promise<KeySet | undefined>;
  /** A token names a key that is not in the set: perhaps a rotation that we have not seen. */
  refresh(): Promise<KeySet | undefined>;
}

export interface RemoteKeyOptions {
  fetchText: (url: string) => Promise<string>;
  now?: () => number;
  /** Keys older than this are fetched again in the background; twice as old, a request waits for it. Default 30 s. */
  refreshAfterMs?: number;
  /** Older keys are no longer used, even when the issuer cannot be reached. Default 10 minutes. */
  maxAgeMs?: number;
  /** Shortest time between two fetches, so that forged key ids cannot make us hammer the issuer. Default 10 s. */
  cooldownMs?: number;
}

/** Keys from the issuer's `jwks_uri`: cached, refreshed in the background, bounded in age and in fetches. */
export function remoteKeys(url: string, options: RemoteKeyOptions): KeySource {
  const {
    fetchText,
    now = Date.now,
    refreshAfterMs = 30_000,
    maxAgeMs = 600_000,
    cooldownMs = 10_000,
  } = options;
  let keys: KeySet | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failing = false;
  let underWay: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    triedAt = now();
    keys = parseKeySet(await fetchText(url));
    fetchedAt = now();
    failing = false;
  };
  const usable = () => (now() - fetchedAt < maxAgeMs ? keys : undefined);
  const fetchOnce = async () => {
    if (now() - triedAt >= cooldownMs) {
      underWay ??= load()
        .catch(() => {
          failing = true; // the issuer's trouble: the old keys serve until they are too old
        })
        .finally(() => {
          underWay = undefined;
        });
    }
    await underWay;
    return usable();
  };

  return {
    current: async () => {
      const age = now() - fetchedAt;
      // After a quiet time nobody has looked whether a key has left. An issuer that is away is not waited for.
      if (!usable() || (age >= 2 * refreshAfterMs && !failing)) return fetchOnce();
      if (age >= refreshAfterMs) void fetchOnce();
      return usable();
    },
    refresh: fetchOnce,
  };
}

/** Keys from a file that is watched elsewhere. */
export function fileKeys(read: () => KeySet | undefined): KeySource {
  return { current: async () => read(), refresh: async () => read() };
}

/** For jose's `jwtVerify`: looks in the current set, and once more after a refresh when the key id is unknown. */
export function keyResolver(source: KeySource, used: (keys: KeySet) => void) {
  return async (header: JWSHeaderParameters, token: Parameters<ResolveKey>[1]) => {
    const keys = await source.current();
    if (!keys) throw new errors.JWKSNoMatchingKey('no keys of this issuer are at hand');
    used(keys);
    try {
      return await keys.resolve(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const refreshed = await source.refresh();
      if (!refreshed || refreshed.fingerprint === keys.fingerprint) throw error;
      used(refreshed);
      return refreshed.resolve(header, token);
    }
  };
}
