import { CERTIFICATE_AUDIENCE } from '@cofferdam/contracts';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { z } from 'zod';
import type { ServiceAccount } from './service-names.ts';

/** The cluster's issuer and keys, as `clusterKeys` reads them. */
export type ClusterKeys = { clusterIssuer: string; clusterJwks: string };

/** The pod that asks, by its token. */
export type CertificateCaller = {
  serviceAccount: ServiceAccount & { uid: string };
  pod: { name: string; uid: string };
};

/** A kubelet's token lives ten minutes; an API server may put a grace period on top where it is asked to. */
const LONGEST_TOKEN_SECONDS = 660;
const CLOCK_SKEW_SECONDS = 30;
// Asymmetric only: with an HMAC algorithm in the list, a public key could be used as the secret.
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

const Reference = z.object({ name: z.string(), uid: z.string() });
const Claims = z.object({
  sub: z.string(),
  iat: z.number(),
  exp: z.number(),
  'kubernetes.io': z.object({ namespace: z.string(), serviceaccount: Reference, pod: Reference }),
});

/** Why a token is refused, for the log; the caller is told only that it is. */
export class CallerRefused extends Error {
  override readonly name = 'CallerRefused';
}

/**
 * Verifies a service-account token: of this cluster, for our audience, bound to a pod, and short-lived.
 * @throws {CallerRefused}
 */
export async function verifyCaller(
  authorization: string | undefined,
  keys: ClusterKeys,
  now: number,
): Promise<CertificateCaller> {
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined || token.length > 8192) throw new CallerRefused('no bearer token');
  const keySet = createLocalJWKSet(JSON.parse(keys.clusterJwks) as JSONWebKeySet);
  const { payload } = await jwtVerify(token, keySet, {
    issuer: keys.clusterIssuer,
    audience: CERTIFICATE_AUDIENCE,
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_SKEW_SECONDS,
    currentDate: new Date(now),
  }).catch((cause: unknown) => {
    throw new CallerRefused(cause instanceof Error ? cause.message : 'the token is not valid', { cause });
  });
  const claims = Claims.safeParse(payload);
  if (!claims.success) throw new CallerRefused('the token is not bound to a pod');
  const { sub, iat, exp, 'kubernetes.io': bound } = claims.data;
  if (exp - iat > LONGEST_TOKEN_SECONDS) throw new CallerRefused(`the token lives ${exp - iat} s`);
  const serviceAccount = { namespace: bound.namespace, ...bound.serviceaccount };
  if (sub !== `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`) {
    throw new CallerRefused('subject and bound claims differ');
  }
  return { serviceAccount, pod: bound.pod };
}
