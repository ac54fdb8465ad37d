import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface TokenClaims {
  subject: string;
  audience?: string;
  /** `exp - iat`. Default 600. */
  lifetimeSeconds?: number;
  /** `iat`, relative to now. Default 0. */
  issuedSecondsAgo?: number;
  /** Bound to a pod, as Kubernetes binds projected tokens. Default true. */
  podBound?: boolean;
  /** More claims, or others than the usual. */
  claims?: Record<string, unknown>;
}

/** An issuer of service-account tokens, as a cluster has one, with a key of its own. */
export interface TokenIssuer {
  issuer: string;
  /** JSON Web Key Set with the public keys, oldest first. */
  jwks(): string;
  sign(claims: TokenClaims): Promise<string>;
  /** From now on signs with a new key; `keepOld: false` takes the old ones out of the set. */
  rotate(options: { keepOld: boolean }): Promise<void>;
}

export async function createTokenIssuer(
  issuer = 'https://kubernetes.default.svc.cluster.local',
): Promise<TokenIssuer> {
  let count = 0;
  const newKey = async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const kid = `key-${++count}`;
    return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
  };
  let keys = [await newKey()];
  return {
    issuer,
    jwks: () => JSON.stringify({ keys: keys.map((key) => key.jwk) }),
    sign: async (options) => {
      const key = keys.at(-1);
      if (!key) throw new Error('no key');
      const issuedAt = Math.floor(Date.now() / 1000) - (options.issuedSecondsAgo ?? 0);
      return new SignJWT({ ...podClaims(options), ...options.claims })
        .setProtectedHeader({ alg: 'ES256', kid: key.kid })
        .setIssuer(issuer)
        .setSubject(options.subject)
        .setAudience(options.audience ?? 'cofferdam')
        .setIssuedAt(issuedAt)
        .setNotBefore(issuedAt)
        .setExpirationTime(issuedAt + (options.lifetimeSeconds ?? 600))
        .sign(key.privateKey);
    },
    rotate: async ({ keepOld }) => {
      keys = [...(keepOld ? keys : []), await newKey()];
    },
  };
}

function podClaims({ subject, podBound = true }: TokenClaims): Record<string, unknown> {
  const [, , namespace, name] = subject.split(':');
  if (!podBound || name === undefined) return {};
  return {
    'kubernetes.io': {
      namespace,
      pod: { name: `${name}-0`, uid: '6f0c5b1e-0000-4000-8000-000000000001' },
      serviceaccount: { name, uid: '6f0c5b1e-0000-4000-8000-000000000002' },
    },
  };
}
