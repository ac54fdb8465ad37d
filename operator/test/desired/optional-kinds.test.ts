import { expect, test } from 'vitest';
import type { Facts } from '../../src/desired/facts.ts';
import { missingKinds } from '../../src/desired/gateway-routes.ts';
import { planPaymentVault } from '../../src/desired/payment-vault.ts';
import { isRoutable, planPSPConnector } from '../../src/desired/psp-connector.ts';
import { apiName, OPTIONAL_RESOURCES } from '../../src/engine/index.ts';
import { connector, facts, paymentVault } from '../fixtures.ts';

const everything: Facts = { ...facts, apis: new Set(Object.values(OPTIONAL_RESOURCES).map(apiName)) };
const parentRefs = [{ name: 'public', namespace: 'gateways' }];
const gateway = {
  parentRefs,
  vault: { hostnames: ['vault.acme.example'] },
  router: { hostnames: ['pay.acme.example'] },
  webhooks: { hostnames: ['hooks.acme.example'] },
};
const network = { gateway: { from: [{ namespaceSelector: { matchLabels: { name: 'gateways' } } }] } };
const monitored = { serviceMonitor: { intervalSeconds: 10, labels: { release: 'prometheus' } } };
const vault = paymentVault({ gateway, network, observability: monitored });
const byHost = connector('stripe', { egress: { to: [{ host: 'api.stripe.com' }], ports: [443] } });

const OPTIONAL: readonly string[] = Object.values(OPTIONAL_RESOURCES).map(({ kind }) => kind);
type Content = { kind: string; metadata: { name: string }; spec: object };
function optional(manifests: readonly { object: object }[]): Record<string, object> {
  const objects = manifests.map(({ object }) => object as Content);
  return Object.fromEntries(
    objects
      .filter(({ kind }) => OPTIONAL.includes(kind))
      .map(({ kind, metadata, spec }) => [`${kind}/${metadata.name}`, spec]),
  );
}
const ofVault = (known: Facts) =>
  optional(planPaymentVault(vault, { connectors: [], completedJobs: new Set() }, known).manifests);
const ofConnector = (known: Facts, asked = connector()) => {
  const plan = planPSPConnector(asked, vault, known);
  return 'refused' in plan ? plan.refused : optional(plan.manifests);
};

test('the vault is passed through a gateway, the router ends TLS there and begins it again', () => {
  const backendRefs = (name: string) => [{ name, port: 8080 }];
  expect(ofVault(everything)).toMatchObject({
    'TLSRoute/payments-vault': {
      parentRefs,
      hostnames: ['vault.acme.example'],
      rules: [{ backendRefs: backendRefs('payments-vault') }],
    },
    'HTTPRoute/payments-router': {
      parentRefs,
      hostnames: ['pay.acme.example'],
      rules: [{ backendRefs: backendRefs('payments-router') }],
    },
    'BackendTLSPolicy/payments-router': {
      targetRefs: [{ group: '', kind: 'Service', name: 'payments-router' }],
      validation: {
        hostname: 'payments-router.payments-dev.svc',
        caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'payments-ca' }],
      },
    },
  });
  expect(Object.keys(ofVault(everything)).sort()).toEqual([
    'BackendTLSPolicy/payments-router',
    'HTTPRoute/payments-router',
    'ServiceMonitor/payments-router',
    'ServiceMonitor/payments-vault',
    'TLSRoute/payments-vault',
  ]);
});

test('a gateway that cannot be told to speak TLS to us gets no route: it would send card numbers in plaintext', () => {
  const without = {
    ...everything,
    apis: new Set([...everything.apis].filter((kind) => !kind.endsWith('/BackendTLSPolicy'))),
  };
  expect(Object.keys(ofVault(without)).filter((name) => name.startsWith('HTTPRoute'))).toEqual([]);
  expect(ofConnector(without)).not.toHaveProperty('HTTPRoute/stripe-connector');
  // Also where a public authority issues.
  const issued = paymentVault({ gateway, network, tls: { issuerRef: { name: 'public' } } });
  for (const asked of [vault, issued])
    expect(missingKinds(asked, without).map(({ member, resource }) => `${member} ${resource.kind}`)).toEqual([
      'spec.gateway.router BackendTLSPolicy',
      'spec.gateway.webhooks BackendTLSPolicy',
    ]);
  // And is told before it gets the route.
  const names = Object.keys(ofVault(everything));
  expect(names.indexOf('BackendTLSPolicy/payments-router')).toBeLessThan(
    names.indexOf('HTTPRoute/payments-router'),
  );
});

test('what a PSP sends goes to its own connector, under the name that is the first part of the path', () => {
  expect(ofConnector(everything)).toMatchObject({
    'HTTPRoute/stripe-connector': {
      hostnames: ['hooks.acme.example'],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/stripe' } }],
          backendRefs: [{ name: 'stripe-connector', port: 8080 }],
        },
      ],
    },
  });
});

test('a scrape verifies the name of the Service, and finds only our own', () => {
  expect(ofVault(everything)['ServiceMonitor/payments-vault']).toEqual({
    endpoints: [
      {
        port: 'https',
        path: '/metrics',
        scheme: 'https',
        interval: '10s',
        tlsConfig: {
          serverName: 'payments-vault.payments-dev.svc',
          ca: { configMap: { name: 'payments-ca', key: 'ca.crt' } },
        },
      },
    ],
    selector: {
      matchLabels: {
        'app.kubernetes.io/name': 'vault',
        'app.kubernetes.io/instance': 'payments',
        'app.kubernetes.io/managed-by': 'cofferdam-operator',
      },
    },
  });
});

test('a kind that the cluster lacks is not made, and named with the member that asks for it', () => {
  expect(ofVault(facts)).toEqual({});
  expect(ofConnector(facts)).toEqual({});
  expect(missingKinds(vault, facts).map(({ member, resource }) => `${member} ${resource.kind}`)).toEqual([
    'spec.gateway.vault TLSRoute',
    'spec.gateway.router HTTPRoute',
    'spec.gateway.router BackendTLSPolicy',
    'spec.gateway.webhooks HTTPRoute',
    'spec.gateway.webhooks BackendTLSPolicy',
    'spec.observability.serviceMonitor ServiceMonitor',
  ]);
  expect(missingKinds(vault, everything)).toEqual([]);
  expect(missingKinds(paymentVault(), facts)).toEqual([]);
});

test('a connector reaches host names only where the cluster has policies for them', () => {
  expect(ofConnector(facts, byHost)).toBe('HostPolicyUnsupported');
  expect(isRoutable(byHost, facts, { hasDeployment: false })).toBe(false);
  expect(isRoutable(byHost, everything, { hasDeployment: false })).toBe(true);
  expect(ofConnector(everything, byHost)).toMatchObject({
    'CiliumNetworkPolicy/stripe-connector': {
      endpointSelector: {
        matchLabels: { 'app.kubernetes.io/name': 'connector', 'app.kubernetes.io/instance': 'stripe' },
      },
      egress: [
        {
          toFQDNs: [{ matchName: 'api.stripe.com' }],
          toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }] }],
        },
        {
          toEndpoints: [
            {
              matchLabels: {
                'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name': 'kube-system',
                'k8s:k8s-app': 'kube-dns',
              },
            },
          ],
          toPorts: [{ rules: { dns: [{ matchPattern: '*' }] } }],
        },
      ],
    },
  });
});

test('the NetworkPolicy of a connector with host names alone lets it out to no address', () => {
  const plan = planPSPConnector(byHost, vault, everything);
  if ('refused' in plan) throw new Error(plan.message);
  const policy = plan.manifests.find(({ resource }) => resource.kind === 'NetworkPolicy')?.object;
  const { egress } = (policy as unknown as { spec: { egress: { to?: unknown[] }[] } }).spec;
  expect(egress.every(({ to }) => to !== undefined && to.length > 0)).toBe(true);
  expect(JSON.stringify(egress)).not.toContain('443,');
});
