import { AccountsFile } from '@cofferdam/contracts';
import { expect, test } from 'vitest';
import { isRoutable, planPSPConnector } from '../../src/desired/psp-connector.ts';
import { connector, facts, paymentVault } from '../fixtures.ts';

test('a connector becomes a Deployment, an identity and a network of its own', () => {
  const plan = planPSPConnector(connector(), paymentVault(), facts);
  expect(
    'manifests' in plan && plan.manifests.map(({ object }) => `${object.kind}/${object.metadata.name}`),
  ).toEqual([
    'ConfigMap/stripe-accounts',
    'NetworkPolicy/stripe-connector',
    'ServiceAccount/stripe-connector',
    'Service/stripe-connector',
    'PodDisruptionBudget/stripe-connector',
    'Deployment/stripe-connector',
  ]);
  const config =
    'manifests' in plan
      ? (plan.manifests[0]?.object as unknown as { data: Record<string, string> })
      : undefined;
  expect(AccountsFile.parse(JSON.parse(config?.data['accounts.json'] ?? ''))).toEqual({
    accounts: [{ name: 'acme', merchants: ['acme'], directory: 'acme' }],
  });
});

test.each([
  ['VaultNotFound', connector(), undefined],
  ['ProviderNotSupported', connector('c', { provider: 'checkout' }), paymentVault()],
  [
    'HostPolicyUnsupported',
    connector('c', { egress: { to: [{ host: 'api.stripe.com' }], ports: [443] } }),
    paymentVault(),
  ],
])('%s: nothing is made, and the reason is given', (reason, asked, vault) => {
  expect(planPSPConnector(asked, vault, facts)).toEqual({ refused: reason, message: expect.any(String) });
});

test('the router is told only of connectors that have a process to call', () => {
  expect(isRoutable(connector(), facts)).toBe(true);
  expect(isRoutable(connector('c', { provider: 'checkout' }), facts)).toBe(false);
  const leaving = connector();
  leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  expect(isRoutable(leaving, facts)).toBe(false);
});
