import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { AwsError } from '../aws-error.ts';

/** The audience of the token that a pod presents, as EKS's pod identity webhook asks for it. */
export const STS_AUDIENCE = 'sts.amazonaws.com';

/** The issuer of service-account tokens, and its public keys. */
export interface TokenIssuer {
  issuer: string;
  jwks: () => Promise<JSONWebKeySet>;
}

/**
 * The subject of a service-account token: `system:serviceaccount:<namespace>:<name>`.
 *
 * @throws AwsError InvalidIdentityToken when signature, issuer, audience or time are not as they must be
 */
export async function verifyWebIdentity(token: string, issuer: TokenIssuer, nowMs: number): Promise<string> {
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(await issuer.jwks()), {
      issuer: issuer.issuer,
      audience: STS_AUDIENCE,
      algorithms: ['RS256', 'ES256', 'PS256', 'EdDSA'],
      requiredClaims: ['sub', 'exp'],
      currentDate: new Date(nowMs),
    });
    return payload.sub ?? '';
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code === 'ERR_JWT_EXPIRED') throw new AwsError('ExpiredTokenException', 'Token expired', { cause });
    throw new AwsError('InvalidIdentityToken', `The token is not valid here: ${describe(cause)}`, { cause });
  }
}

/** Whether a role's trust names the subject: exactly, or by a prefix that ends in `*`. */
export function trusts(trustSubjects: readonly string[], subject: string): boolean {
  return trustSubjects.some((trusted) =>
    trusted.endsWith('*') ? subject.startsWith(trusted.slice(0, -1)) : subject === trusted,
  );
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
