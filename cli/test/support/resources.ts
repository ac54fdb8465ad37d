import type { ObservedConnector, ObservedDeployment, ObservedVault } from '../../src/cluster/observed.ts';

export const NAMESPACE = 'payments-dev';
const CREATED = '2026-01-01T00:00:00Z';
/** Five minutes after everything was created. */
export const NOW = Date.parse('2026-01-01T00:05:00Z');

/** `'True Succeeded all is as asked'` by type, as metav1.Condition. */
export function conditions(said: Record<string, string>) {
  return Object.entries(said).map(([type, text]) => {
    const [status = '', reason = '', ...words] = text.split(' ');
    return {
      type,
      status: status as 'True' | 'False' | 'Unknown',
      reason,
      message: words.join(' '),
      lastTransitionTime: CREATED,
      observedGeneration: 1,
    };
  });
}

export const FINE = { Ready: 'True Succeeded all is as asked', Available: 'True Succeeded it serves' };

export function vault(said: Record<string, string> = FINE): ObservedVault {
  return {
    apiVersion: 'payments.cofferdam.dev/v1alpha1',
    kind: 'PaymentVault',
    metadata: {
      name: 'payments',
      namespace: NAMESPACE,
      uid: 'vault-uid',
      generation: 1,
      creationTimestamp: CREATED,
    },
    spec: {
      vaultId: 'acme-dev',
      database: {
        vault: { secretRef: { name: 'cards' }, migrationSecretRef: { name: 'cards-owner' } },
        router: { secretRef: { name: 'router-database' } },
      },
      kms: { provider: 'aws', region: 'eu-central-1', create: {} },
      access: {
        issuers: [{ issuer: 'https://kubernetes.default.svc.cluster.local', audiences: ['cofferdam'] }],
        rules: [
          {
            subjects: ['system:serviceaccount:payments-dev:checkout'],
            merchants: ['acme'],
            allow: ['tokens:create'],
          },
        ],
      },
    },
    status: {
      observedGeneration: 1,
      conditions: conditions(said),
      kms: { keyArn: 'arn:aws:kms:eu-central-1:000000000000:key/1', origin: 'Created' },
      topics: [{ name: 'acme-dev.vault.events', partitions: 3, replicationFactor: 1 }],
    },
  };
}

export function connector(said: Record<string, string> = FINE, name = 'stripe'): ObservedConnector {
  return {
    apiVersion: 'payments.cofferdam.dev/v1alpha1',
    kind: 'PSPConnector',
    metadata: {
      name,
      namespace: NAMESPACE,
      uid: `${name}-uid`,
      generation: 1,
      creationTimestamp: CREATED,
    },
    spec: {
      vaultRef: { name: 'payments' },
      provider: 'stripe',
      endpoint: 'https://psp-simulator.psp-simulator.svc:8081',
      accounts: [{ name: 'acme', merchants: ['acme'], credentialsRef: { name: 'stripe-acme' } }],
      egress: { to: [{ cidr: '192.0.2.0/24' }], ports: [8081] },
    },
    status: {
      observedGeneration: 1,
      conditions: conditions(said),
      accounts: [{ name: 'acme', credentials: 'Present', reachable: 'Reachable' }],
    },
  };
}

export function deployment(
  role: string,
  owner: ObservedVault | ObservedConnector,
  ready = 1,
): ObservedDeployment {
  const { apiVersion, kind, metadata } = owner;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: `${metadata.name}-${role}`,
      namespace: NAMESPACE,
      uid: `${metadata.name}-${role}-uid`,
      generation: 1,
      labels: { 'app.kubernetes.io/name': role, 'app.kubernetes.io/managed-by': 'cofferdam-operator' },
      ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true }],
    },
    spec: { replicas: 1, selector: { matchLabels: { app: `${metadata.name}-${role}` } } },
    status: {
      observedGeneration: 1,
      replicas: 1,
      updatedReplicas: 1,
      readyReplicas: ready,
      availableReplicas: ready,
    },
  };
}
