import type { PaymentVaultSpec, PSPConnectorSpec } from '@cofferdam/crds';
import type { Facts } from '../src/desired/facts.ts';
import type { ReadConnector, ReadVault } from '../src/reconcile/parse.ts';

export const GRANTEE = 'arn:aws:iam::000000000000:role/acme-dev-vault';
const image = (name: string) => `ghcr.io/cofferdam/${name}@sha256:${'a'.repeat(64)}` as const;

export const facts: Facts = {
  operatorNamespace: 'cofferdam-system',
  operatorServiceAccount: 'cofferdam-operator',
  images: { vault: image('vault'), router: image('router'), connector: image('connector') },
  clusterIssuer: 'https://kubernetes.default.svc.cluster.local',
  clusterJwks: '{"keys":[]}\n',
  caBundle: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
  certificateUrl: 'https://cofferdam-operator.cofferdam-system.svc:8443',
  grantees: { 'payments-dev': [GRANTEE] },
  apis: new Set(),
};

export function paymentVault(changes: Partial<PaymentVaultSpec> = {}): ReadVault {
  return {
    apiVersion: 'payments.cofferdam.dev/v1alpha1',
    kind: 'PaymentVault',
    metadata: { name: 'payments', namespace: 'payments-dev', uid: 'vault-uid', generation: 1 },
    spec: {
      vaultId: 'acme-dev',
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
        region: 'eu-central-1',
        create: {},
        granteePrincipal: GRANTEE,
      },
      access: {
        issuers: [{ issuer: 'https://kubernetes.default.svc.cluster.local', audiences: ['cofferdam'] }],
        rules: [
          {
            subjects: ['system:serviceaccount:payments-dev:checkout'],
            merchants: ['acme'],
            allow: ['tokens:create', 'payments:create'],
          },
        ],
      },
      scaling: {
        vault: { minReplicas: 1 },
        router: { minReplicas: 1 },
        connectors: { minReplicas: 1 },
      },
      ...changes,
    },
  };
}

export function connector(name = 'stripe', changes: Partial<PSPConnectorSpec> = {}): ReadConnector {
  return {
    apiVersion: 'payments.cofferdam.dev/v1alpha1',
    kind: 'PSPConnector',
    metadata: { name, namespace: 'payments-dev', uid: `${name}-uid`, generation: 1 },
    spec: {
      vaultRef: { name: 'payments' },
      provider: 'stripe',
      endpoint: 'https://psp-simulator.psp-simulator.svc:8081',
      accounts: [{ name: 'acme', merchants: ['acme'], credentialsRef: { name: `${name}-acme` } }],
      egress: { to: [{ cidr: '192.0.2.0/24' }], ports: [8081] },
      ...changes,
    },
  };
}
