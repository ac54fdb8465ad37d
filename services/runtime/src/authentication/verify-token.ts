import { hash } from 'node:crypto';
import { decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import type { Identity } from './caller.ts';
import { type KeySource, keyResolver } from './key-set.ts';

export interface Issuer {
  issuer: string;
  audiences: readonly string[];
  merchantClaim: string | undefined;
  /** True for the cluster that we run in: only its tokens may name `system:` subjects. */
  local: boolean;
  keys: KeySource;
}

/** Why a token was refused: a metric's label and a log's word; the caller is told only that it was. */
export type Refusal = 'missing' | 'malformed' | 'unknown_issuer' | 'not_valid' | 'foreign_subject';

export class TokenRefused extends Error {
  readonly reason: Refusal;
  constructor(reason: Refusal, cause?: unknown) {
    super(`token refused: ${reason}`, { cause });
    this.reason = reason;
  }
}

// Asymmetric only: with an HMAC algorithm in the list, a public key could be used as the secret.
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CLOCK_SKEW_SECONDS = 30;
const CACHE_MS = 60_000;
const CACHE_ENTRIES = 10_000;

interface Cached {
  identity: Identity;
  until: number;
  issuer: Issuer;
  keysFingerprint: string;
}

/**
 * Verifies JWTs of the given issuers. A verified one is remembered for at most 60 s, no longer than it is valid,
 * and only as long as its issuer's key set is the one it was verified with: a key that leaves takes its tokens along.
 */
export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #now: () => number;
  readonly #cache = new Map<string, Cached>();

  constructor(issuers: Iterable<Issuer>, now: () => number = Date.now) {
    this.#issuers = new Map([...issuers].map((issuer) => [issuer.issuer, issuer]));
    this.#now = now;
  }

  /** @throws {TokenRefused} */
  async verify(authorization: string | undefined): Promise<Identity> {
    if (!authorization) throw new TokenRefused('missing');
    const key = hash('sha256', authorization, 'base64url');
    const cached = this.#cache.has(key) ? await this.#recall(key) : undefined;
    if (cached) return cached;
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
    if (!token || token.length > 8192) throw new TokenRefused('malformed');
    return this.#verifyAnew(token, key);
  }

  async #recall(key: string): Promise<Identity | undefined> {
    const entry = this.#cache.get(key);
    if (!entry) return undefined;
    const keys = await entry.issuer.keys.current();
    if (this.#now() < entry.until && keys?.fingerprint === entry.keysFingerprint) return entry.identity;
    this.#cache.delete(key);
    return undefined;
  }

  async #verifyAnew(token: string, cacheKey: string): Promise<Identity> {
    const issuer = this.#issuers.get(claimedIssuer(token));
    if (!issuer) throw new TokenRefused('unknown_issuer');
    let keysFingerprint = '';
    const { payload } = await jwtVerify(
      token,
      keyResolver(issuer.keys, (keys) => {
        keysFingerprint = keys.fingerprint;
      }),
      {
        issuer: issuer.issuer,
        audience: [...issuer.audiences],
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_SKEW_SECONDS,
        currentDate: new Date(this.#now()),
        requiredClaims: ['exp', 'sub'],
      },
    ).catch((error: unknown) => {
      throw new TokenRefused('not_valid', error);
    });
    const identity = toIdentity(payload, issuer);
    const expiresAt = ((payload.exp ?? 0) + CLOCK_SKEW_SECONDS) * 1000;
    this.#remember(cacheKey, {
      identity,
      issuer,
      keysFingerprint,
      until: Math.min(expiresAt, this.#now() + CACHE_MS),
    });
    return identity;
  }

  #remember(key: string, entry: Cached): void {
    // A Map keeps the order of insertion: the first is the oldest.
    if (this.#cache.size >= CACHE_ENTRIES)
      for (const oldest of this.#cache.keys()) if (this.#cache.delete(oldest)) break;
    this.#cache.set(key, entry);
  }
}

function claimedIssuer(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch (error) {
    throw new TokenRefused('malformed', error);
  }
}

function toIdentity(payload: JWTPayload, issuer: Issuer): Identity {
  const subject = payload.sub ?? '';
  // Otherwise any trusted issuer could mint the router's or a connector's identity.
  if (subject.startsWith('system:') && !issuer.local) throw new TokenRefused('foreign_subject');
  return {
    issuer: issuer.issuer,
    subject,
    claimedMerchants: issuer.merchantClaim ? stringsOf(payload[issuer.merchantClaim]) : [],
    lifetimeSeconds:
      payload.iat === undefined || payload.exp === undefined ? undefined : payload.exp - payload.iat,
    pod: issuer.local ? podOf(payload['kubernetes.io']) : undefined,
  };
}

/** A claim of one merchant or a list; `*` in a claim is a merchant of no one, never "all". */
function stringsOf(claim: unknown): string[] {
  const values = Array.isArray(claim) ? claim : [claim];
  return values.filter(
    (value): value is string => typeof value === 'string' && /^[a-z0-9_-]{1,63}$/.test(value),
  );
}

function podOf(claim: unknown): Identity['pod'] {
  const pod = (claim as { pod?: { name?: unknown; uid?: unknown } } | undefined)?.pod;
  return typeof pod?.name === 'string' && typeof pod.uid === 'string'
    ? { name: pod.name, uid: pod.uid }
    : undefined;
}
