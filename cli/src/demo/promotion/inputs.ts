import { stringify } from 'yaml';

/** The environments of the story, in the order in which a release goes through them. */
export const ENVIRONMENTS = ['dev', 'staging', 'prod'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

export const VAULT = 'payments';
export const namespaceOf = (environment: EnvironmentName): string => `payments-${environment}`;
const roleOf = (name: string): string => `arn:aws:iam::000000000000:role/${name}`;
const vaultRole = (environment: EnvironmentName): string => roleOf(`demo-${environment}-vault`);

/** PostgreSQL and KMS are processes beside the pods, at addresses of 127.96.0.0/11, and the shop is at 127.0.0.1. */
const beside = (port: number) => ({ to: [{ cidr: '127.96.0.0/11' }], ports: [port] });

/** `install/config.yaml`: one operator for all three, because they share one cluster here. */
export function installConfig(): string {
  return stringify({
    operator: {
      namespace: 'cofferdam-system',
      replicas: 1,
      serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': roleOf('cofferdam-operator') },
      env: { AWS_REGION: 'eu-central-1' },
      network: { kms: beside(4566) },
      grantees: Object.fromEntries(ENVIRONMENTS.map((name) => [namespaceOf(name), [vaultRole(name)]])),
    },
  });
}

/** `environments/<env>/config.yaml`: dev brings the PSP simulator, which all three call. */
export function environmentConfig(environment: EnvironmentName): string {
  const database = (name: string) => ({
    secretRef: { name: `${name}-database` },
    migrationSecretRef: { name: `${name}-database-migration` },
  });
  const one = { minReplicas: 1, maxReplicas: 1 };
  const namespace = namespaceOf(environment);
  return stringify({
    namespace,
    vault: {
      name: VAULT,
      vaultId: `demo-${environment}`,
      database: { vault: database('vault'), router: database('router') },
      kms: {
        provider: 'aws',
        region: 'eu-central-1',
        create: { rotationDays: 365, deletionWindowDays: 7 },
        granteePrincipal: vaultRole(environment),
      },
      access: {
        issuers: [{ issuer: 'https://kubernetes.default.svc.cluster.local', audiences: ['cofferdam'] }],
        rules: [
          {
            subjects: [`system:serviceaccount:${namespace}:checkout`],
            merchants: ['acme'],
            allow: ['tokens:create', 'tokens:read', 'payments:create', 'payments:read', 'events:read'],
          },
        ],
      },
      scaling: { vault: one, router: one, connectors: one },
      network: {
        clients: { from: [{ podSelector: {} }, { cidr: '127.0.0.1/32' }] },
        database: beside(5432),
        kms: beside(4566),
      },
    },
    connectors: [connector()],
    clients: [{ name: 'checkout' }],
    ...(environment === 'dev' ? { pspSimulator: { namespace: 'psp-simulator' } } : {}),
  });
}

function connector() {
  const simulator = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'psp-simulator' } },
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'psp-simulator' } },
  };
  return {
    name: 'stripe',
    provider: 'stripe',
    endpoint: 'https://psp-simulator.psp-simulator.svc:8081',
    endpointCaRef: { kind: 'ConfigMap', name: 'psp-simulator-ca' },
    accounts: [{ name: 'acme', merchants: ['acme'], credentialsRef: { name: 'stripe-acme' } }],
    routing: { priority: 100 },
    egress: { to: [simulator], ports: [8081] },
  };
}

/** An hour, which no machine is slow enough to let pass by itself: the story puts its clock forward. */
const SOAK_MINUTES = 60;

/**
 * `environments/promotion.yaml`. There is no Prometheus here: the gate `slo` is left out, and the others hold. The
 * application health comes from the syncer and the evidence of images from the repository, whatever this file says.
 */
export function promotionConfig(): string {
  const step = (from: EnvironmentName, to: EnvironmentName) => ({
    ...{ from, to, soakMinutes: SOAK_MINUTES, gates: ['images'] },
  });
  return stringify({
    repository: { owner: 'acme', name: 'payments', base: 'main' },
    health: { from: 'commit-statuses', creator: 'acme-argocd[bot]' },
    images: {
      issuer: 'https://token.actions.githubusercontent.com',
      identity: '^https://github\\.com/acme/payments/',
      repository: 'acme/payments',
    },
    steps: [step('dev', 'staging'), step('staging', 'prod')],
  });
}
