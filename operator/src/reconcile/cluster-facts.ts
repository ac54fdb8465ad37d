import { readFile } from 'node:fs/promises';
import type { Images } from '@cofferdam/crds';
import { z } from 'zod';
import type { Facts } from '../desired/facts.ts';
import type { KubeClient } from '../engine/index.ts';

const Grantees = z.record(z.string(), z.array(z.string()));
const Discovery = z.looseObject({ issuer: z.string(), jwks_uri: z.string().optional() });
const Jwks = z.looseObject({ keys: z.array(z.looseObject({ kid: z.string().optional() })) });

/** What does not change while a process runs. */
export type OperatorIdentity = {
  namespace: string;
  serviceAccount: string;
  images: Images;
  /** JSON: namespace to the IAM principals that its vaults may have a key granted to. Absent: nobody. */
  granteesFile: string | undefined;
};

/**
 * Asks the API server who signs the cluster's service-account tokens and with which keys. Services get the keys
 * as a file: they need neither the right nor the network path to ask for themselves.
 *
 * @throws when the API server cannot be asked, or GRANTEES_FILE is not as it should be
 */
export async function clusterFacts(client: KubeClient, identity: OperatorIdentity): Promise<Facts> {
  const discovery = Discovery.parse(JSON.parse(await client.raw('/.well-known/openid-configuration')));
  const jwks = Jwks.parse(
    JSON.parse(await client.raw('/openid/v1/jwks', { accept: 'application/jwk-set+json' })),
  );
  // In a fixed order: an API server behind a load balancer need not have one.
  jwks.keys.sort((a, b) => ((a.kid ?? '') < (b.kid ?? '') ? -1 : 1));
  return {
    operatorNamespace: identity.namespace,
    operatorServiceAccount: identity.serviceAccount,
    images: identity.images,
    clusterIssuer: discovery.issuer,
    clusterJwks: `${JSON.stringify(jwks, null, 2)}\n`,
    grantees: await grantees(identity.granteesFile),
  };
}

async function grantees(file: string | undefined): Promise<Facts['grantees']> {
  if (file === undefined) return {};
  return Grantees.parse(JSON.parse(await readFile(file, 'utf8')));
}
