import {
  API_VERSION,
  PAYMENT_VAULT,
  type PaymentVaultSpec,
  PSP_CONNECTOR,
  type PSPConnectorSpec,
} from '@cofferdam/crds';
import type { KubeObject, Resource } from '@cofferdam/operator/engine';

const [GROUP = '', VERSION = ''] = API_VERSION.split('/');
const ours = ({ plural, kind }: { plural: string; kind: string }): Resource => ({
  group: GROUP,
  version: VERSION,
  plural,
  kind,
  namespaced: true,
});

export const PAYMENT_VAULTS = ours(PAYMENT_VAULT);
export const PSP_CONNECTORS = ours(PSP_CONNECTOR);

/** On every namespace of a benchmark; what cleaning up goes by. */
export const BENCHMARK_LABEL = 'cofferdam.dev/benchmark';
export const VAULT_NAME = 'payments';
export const CONNECTOR_NAME = 'stripe';
export const GRANTEE = 'arn:aws:iam::000000000000:role/acme-dev-vault';

/** What a benchmark vault needs of its surroundings. */
export type Surroundings = { kmsEndpoint: string; kmsRegion: string };

/** One tenant of the benchmark: a namespace with a vault and a connector. */
export type Tenant = { namespace: string };

export function tenants(run: string, prefix: string, count: number): Tenant[] {
  return Array.from({ length: count }, (_, index) => ({
    namespace: `bench-${run}-${prefix}${String(index + 1).padStart(4, '0')}`,
  }));
}

export function namespaceOf({ namespace }: Tenant, run: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { [BENCHMARK_LABEL]: run } },
  };
}

/** With autoscalers, so that there are all kinds of children. */
const SCALED = { minReplicas: 2, maxReplicas: 6 };

/** A vault as a small customer would have it. No broker: topics cost no API call, and Kafka is measured elsewhere. */
export function vaultOf({ namespace }: Tenant, { kmsEndpoint, kmsRegion }: Surroundings): KubeObject {
  const spec: PaymentVaultSpec = {
    vaultId: namespace,
    database: {
      vault: {
        secretRef: { name: 'vault-database' },
        migrationSecretRef: { name: 'vault-database-migration' },
      },
      router: {
        secretRef: { name: 'router-database' },
        migrationSecretRef: { name: 'router-database-migration' },
      },
    },
    kms: {
      provider: 'aws',
      region: kmsRegion,
      endpoint: kmsEndpoint,
      create: {},
      granteePrincipal: GRANTEE,
    },
    scaling: { vault: SCALED, router: SCALED, connectors: SCALED },
    access: {
      issuers: [
        {
          issuer: 'https://issuer.example.com',
          jwksUri: 'https://issuer.example.com/jwks',
          audiences: ['cofferdam'],
        },
      ],
      rules: [
        { subjects: ['checkout'], merchants: ['acme'], allow: ['tokens:create', 'payments:create'] },
        { subjects: ['back-office'], merchants: ['acme'], allow: ['payments:read'] },
      ],
    },
  };
  return object(PAYMENT_VAULT.kind, VAULT_NAME, namespace, spec);
}

export function connectorOf({ namespace }: Tenant): KubeObject {
  const spec: PSPConnectorSpec = {
    vaultRef: { name: VAULT_NAME },
    provider: 'stripe',
    accounts: [{ name: 'acme', merchants: ['acme'], credentialsRef: { name: 'stripe-acme' } }],
    egress: { to: [{ cidr: '192.0.2.0/24' }], ports: [443] },
  };
  return object(PSP_CONNECTOR.kind, CONNECTOR_NAME, namespace, spec);
}

function object(kind: string, name: string, namespace: string, spec: object): KubeObject {
  return { apiVersion: API_VERSION, kind, metadata: { name, namespace }, ...{ spec } };
}
