import { AccountsFile } from '@cofferdam/contracts';
import type { PaymentVault } from '@cofferdam/crds';
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
  const expected = { refused: reason, message: expect.any(String), repairs: [] };
  expect(planPSPConnector(asked, vault, facts)).toEqual(expected);
});

const byHost = connector('stripe', {
  egress: { to: [{ host: 'api.stripe.com' }, { cidr: '192.0.2.0/24' }], ports: [443] },
});
const withTls = paymentVault({ tls: { issuerRef: { name: 'internal' } } });
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'stripe-connector' } };
const around = [
  'ConfigMap/stripe-accounts',
  'ServiceAccount/stripe-connector',
  'Service/stripe-connector',
  'PodDisruptionBudget/stripe-connector',
];
const POLICY = 'NetworkPolicy/stripe-connector';

test.each([
  // The policy that is there lets the pods out to where they go; what the hosts are to become is not known.
  { asked: byHost, vault: paymentVault(), hasNetworkPolicy: true, repairs: around },
  { asked: byHost, vault: paymentVault(), hasNetworkPolicy: false, repairs: [POLICY, ...around] },
  { asked: connector(), vault: withTls, hasNetworkPolicy: true, repairs: [POLICY, ...around] },
  { asked: byHost, vault: withTls, hasNetworkPolicy: true, repairs: around },
  { asked: connector(), vault: undefined, hasNetworkPolicy: true, repairs: [] },
  { asked: connector(), vault: undefined, hasNetworkPolicy: false, repairs: [POLICY] },
])(
  'what is around pods that run is kept in repair, whatever is refused: $repairs',
  ({ asked, vault, hasNetworkPolicy, repairs }) => {
    const plan = planPSPConnector(asked, vault, facts, { deployment, hasNetworkPolicy });
    if (!('refused' in plan)) throw new Error('it is not refused');
    const named = plan.repairs.map(({ object }) => `${object.kind}/${object.metadata.name}`);
    expect(named.sort()).toEqual(repairs.toSorted());
  },
);

test('a policy that is put back without its hosts still denies, and lets out to what can be expressed', () => {
  const policyOf = (asked: ReturnType<typeof connector>, vault: PaymentVault | undefined) => {
    const plan = planPSPConnector(asked, vault, facts, { deployment });
    const manifests = 'refused' in plan ? plan.repairs : plan.manifests;
    return manifests.find(({ resource }) => resource.kind === 'NetworkPolicy')?.object;
  };
  const egress = { to: [{ cidr: '192.0.2.0/24' }], ports: [443] };
  expect(policyOf(byHost, paymentVault())).toEqual(policyOf(connector('stripe', { egress }), paymentVault()));
  // Of a vault that is gone no network is known: the rest is as it was.
  expect(policyOf(connector(), undefined)).toEqual(policyOf(connector(), paymentVault()));
});

test('the router is told only of connectors that have a process to call', () => {
  const never = { hasDeployment: false };
  expect(isRoutable(connector(), facts, never)).toBe(true);
  expect(isRoutable(connector('c', { provider: 'checkout' }), facts, never)).toBe(false);
  expect(isRoutable(byHost, facts, never)).toBe(false);
  const runs = { hasDeployment: true };
  expect(isRoutable(byHost, facts, runs)).toBe(true);
  const leaving = connector();
  leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  expect(isRoutable(leaving, facts, runs)).toBe(false);
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
