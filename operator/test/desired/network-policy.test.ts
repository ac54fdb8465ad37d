import { expect, test } from 'vitest';
import {
  connectorNetworkPolicy,
  openToAnyAddress,
  vaultNetworkPolicies,
} from '../../src/desired/network-policy.ts';
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
const operator = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'cofferdam-system' } },
  podSelector: { matchLabels: { 'app.kubernetes.io/name': 'operator' } },
};
/** Where a pod has its key certified. */
const authority = { to: [operator], ports: [tcp(8443)] };
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

test('the vault reaches its database and KMS; of our own processes it calls the operator alone', () => {
  expect(policies['payments-vault']?.egress).toEqual([
    { ports: [tcp(5432)] },
    { ports: [tcp(443)] },
    authority,
    dns,
  ]);
});

test('a connector reaches its vault, its PSP and DNS; only the router and the operator reach it', () => {
  const { object } = connectorNetworkPolicy(connector(), paymentVault(), facts);
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
        authority,
        dns,
      ],
    },
  });
});

test("an issuer's keys are fetched by vault and router; a connector gets no way out for them", () => {
  const vault = paymentVault({
    access: {
      issuers: [
        { issuer: 'https://id.example', jwksUri: 'https://id.example:8443/keys', audiences: ['cofferdam'] },
      ],
      rules: [],
    },
  });
  const egressOf = ({ object }: { object: object }) => (object as { spec: NetworkPolicySpec }).spec.egress;
  const [forVault, forRouter] = vaultNetworkPolicies(vault, facts).map(egressOf);
  expect(forVault).toContainEqual({ ports: [tcp(8443)] });
  expect(forRouter).toContainEqual({ ports: [tcp(8443)] });
  const forConnector = egressOf(connectorNetworkPolicy(connector(), vault, facts));
  expect(forConnector?.every(({ to }) => to !== undefined && to.length > 0)).toBe(true);
});

test.each([
  ['https://kms.example', 443],
  ['http://kms.example/', 80],
  ['http://kms.example:4566/path', 4566],
  ['https://[2001:db8::1]:8443/', 8443],
  ['http://kms.example:99999', 99_999],
  ['https://[', 443],
])('the port of KMS at %s is %i, and no text of it stops the plan', (endpoint, port) => {
  const kms = { ...paymentVault().spec.kms, endpoint };
  const [policy] = vaultNetworkPolicies(paymentVault({ kms }), facts);
  expect(policy?.object).toMatchObject({
    spec: { egress: expect.arrayContaining([{ ports: [tcp(port)] }]) },
  });
});

test('what may be reached at any address is named', () => {
  expect(openToAnyAddress(paymentVault())).toEqual(['database', 'kms']);
  const to = [{ cidr: '192.0.2.0/24' }];
  expect(openToAnyAddress(paymentVault({ network: { database: { to }, kms: { to } } }))).toEqual([]);
});
