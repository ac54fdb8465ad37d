import { expect, test } from 'vitest';
import { connectorNetworkPolicy, vaultNetworkPolicies } from '../../src/desired/network-policy.ts';
import type { NetworkPolicySpec } from '../../src/engine/kubernetes-types.ts';
import { connector, facts, paymentVault } from '../fixtures.ts';

const tcp = (port: number) => ({ protocol: 'TCP', port });
const policies = Object.fromEntries(
  vaultNetworkPolicies(paymentVault(), facts).map(({ object }) => [
    object.metadata.name,
    (object as unknown as { spec: NetworkPolicySpec }).spec,
  ]),
);
const dns = {
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ],
  ports: [{ protocol: 'UDP', port: 53 }, tcp(53)],
};
const pods = (name: string, instance: string) => ({
  podSelector: {
    matchLabels: {
      'app.kubernetes.io/name': name,
      'app.kubernetes.io/instance': instance,
      'app.kubernetes.io/component': 'api',
    },
  },
});

test('every policy names both directions, so that it denies whatever it does not allow', () => {
  expect(Object.keys(policies)).toEqual([
    'payments-vault',
    'payments-router',
    'payments-vault-migrate',
    'payments-router-migrate',
  ]);
  for (const spec of Object.values(policies)) expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
});

test('a migration reaches its database and DNS, and nobody reaches it', () => {
  expect(policies['payments-vault-migrate']).toMatchObject({
    ingress: [],
    egress: [{ ports: [tcp(5432)] }, dns],
  });
});

test('the vault reaches its database and KMS; it calls none of our own processes', () => {
  expect(policies['payments-vault']?.egress).toEqual([{ ports: [tcp(5432)] }, { ports: [tcp(443)] }, dns]);
});

test('a connector reaches its vault, its PSP and DNS; only the router and the operator reach it', () => {
  const { object } = connectorNetworkPolicy(connector(), paymentVault(), facts);
  const operator = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'cofferdam-system' } },
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'operator' } },
  };
  expect(object).toMatchObject({
    metadata: { name: 'stripe-connector' },
    spec: {
      podSelector: pods('connector', 'stripe').podSelector,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: [pods('router', 'payments')], ports: [tcp(8080)] },
        { from: [operator], ports: [tcp(8080)] },
      ],
      egress: [
        { to: [pods('vault', 'payments')], ports: [tcp(8080)] },
        { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [tcp(8081)] },
        dns,
      ],
    },
  });
});
