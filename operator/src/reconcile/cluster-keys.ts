import { z } from 'zod';
import type { Facts } from '../desired/facts.ts';
import type { KubeClient } from '../engine/index.ts';

const Discovery = z.looseObject({ issuer: z.string() });
const Jwks = z.looseObject({ keys: z.array(z.looseObject({ kid: z.string().optional() })) });

/**
 * Asks the API server who signs the cluster's service-account tokens and with which keys. Services get the keys
 * as a file: they need neither the right nor the network path to ask for themselves.
 *
 * @throws when the API server cannot be asked
 */
export async function clusterKeys(client: KubeClient): Promise<Pick<Facts, 'clusterIssuer' | 'clusterJwks'>> {
  const { issuer } = Discovery.parse(JSON.parse(await client.raw('/.well-known/openid-configuration')));
  const jwks = Jwks.parse(
    JSON.parse(await client.raw('/openid/v1/jwks', { accept: 'application/jwk-set+json' })),
  );
  // In a fixed order: an API server behind a load balancer need not have one.
  jwks.keys.sort((a, b) => ((a.kid ?? '') < (b.kid ?? '') ? -1 : 1));
  return { clusterIssuer: issuer, clusterJwks: `${JSON.stringify(jwks, null, 2)}\n` };
}
