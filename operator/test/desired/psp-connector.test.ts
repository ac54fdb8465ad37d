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

test('another merchant, another route or another Secret content of an account changes no pod template', () => {
  const templateOf = (asked: ReturnType<typeof connector>) => {
    const plan = planPSPConnector(asked, paymentVault(), facts);
    if ('refused' in plan) throw new Error(plan.message);
    const deployment = plan.manifests.find(({ resource }) => resource.kind === 'Deployment');
    if (deployment === undefined) throw new Error('no Deployment');
    return (deployment.object as unknown as { spec: { template: object } }).spec.template;
  };
  const credentialsRef = { name: 'stripe-acme' };
  const before = templateOf(connector());
  expect(
    templateOf(
      connector('stripe', {
        accounts: [{ name: 'acme', merchants: ['acme', 'globex'], credentialsRef }],
        routing: { priority: 7 },
        egress: { to: [{ cidr: '198.51.100.0/24' }], ports: [443] },
      }),
    ),
  ).toEqual(before);
  // What is no file has to be said anew: a mount, and what stands in the environment.
  const accounts = ['acme', 'globex'].map((name) => ({ name, merchants: [name], credentialsRef }));
  expect(templateOf(connector('stripe', { accounts }))).not.toEqual(before);
  expect(templateOf(connector('stripe', { resilience: { timeoutMilliseconds: 5_000 } }))).not.toEqual(before);
});
