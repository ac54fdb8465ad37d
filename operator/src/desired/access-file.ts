import { type AccessFile, TOKEN_AUDIENCE } from '@cofferdam/contracts';
import type { PaymentVault, PSPConnector } from '@cofferdam/crds';
import type { Facts } from './facts.ts';
import { names, subjectOf } from './names.ts';

/** The file with the cluster's own keys, beside the access file. */
export const CLUSTER_JWKS_FILE = 'cluster-jwks.json';

type Issuer = AccessFile['issuers'][number];

/**
 * Who may do what in this vault: what its `spec.access` says, and the few rules by which our own processes work
 * together. A connector may reveal cards of the merchants that its accounts name, and of no other.
 */
export function accessFile(
  vault: PaymentVault,
  connectors: readonly PSPConnector[],
  facts: Facts,
): AccessFile {
  const { name, namespace = '' } = vault.metadata;
  const own: AccessFile['rules'] = [
    {
      subjects: [subjectOf(namespace, names.router(name))],
      merchants: ['*'],
      allow: ['tokens:read', 'grants:create', 'charges:create'],
    },
    ...connectors.map((connector): AccessFile['rules'][number] => ({
      subjects: [subjectOf(namespace, names.connector(connector.metadata.name))],
      merchants: [...new Set(connector.spec.accounts.flatMap((account) => account.merchants))].sort(),
      allow: ['tokens:reveal'],
    })),
    {
      subjects: [subjectOf(facts.operatorNamespace, facts.operatorServiceAccount)],
      merchants: ['*'],
      allow: ['status:read'],
    },
  ];
  return {
    vaultId: vault.spec.vaultId,
    issuers: issuers(vault, facts),
    rules: [...vault.spec.access.rules, ...own],
  };
}

/** Our own processes present tokens of the cluster's issuer, so it is believed even where the spec omits it. */
function issuers(vault: PaymentVault, facts: Facts): Issuer[] {
  const asked = vault.spec.access.issuers;
  const listed = asked.some(({ issuer }) => issuer === facts.clusterIssuer)
    ? asked
    : [...asked, { issuer: facts.clusterIssuer, audiences: [] }];
  return listed
    .filter((one) => !lacksKeys(one, facts))
    .map((one): Issuer => {
      if (one.issuer !== facts.clusterIssuer) return one;
      const audiences = [...new Set([...one.audiences, TOKEN_AUDIENCE])];
      const { jwksUri: _, ...rest } = { jwksUri: undefined, ...one };
      return { ...rest, audiences, jwksFile: CLUSTER_JWKS_FILE };
    });
}

function lacksKeys(issuer: { issuer: string; jwksUri?: string | undefined }, facts: Facts): boolean {
  return issuer.jwksUri === undefined && issuer.issuer !== facts.clusterIssuer;
}

/** Issuers that the spec names without saying where their keys are, and that are not the cluster's own. */
export function issuersWithoutKeys(vault: PaymentVault, facts: Facts): string[] {
  return vault.spec.access.issuers.filter((one) => lacksKeys(one, facts)).map(({ issuer }) => issuer);
}
