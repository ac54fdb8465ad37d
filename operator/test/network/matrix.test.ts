import type { PaymentVaultSpec } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../src/engine/index.ts';
import {
  type Destination,
  type Endpoint,
  type Pod,
  type Policy,
  whoCanReachWhom,
} from '../../src/network/index.ts';
import { connector, paymentVault } from '../fixtures.ts';
import { grid, table } from './grid.ts';
import { plannedCluster, readRendered } from './planned-cluster.ts';

/*
 * Who can connect to whom, as Kubernetes reads the policies that the operator makes: of environments/dev as it is
 * rendered, and of another vault of the same name in another namespace, set up as in production (named clients,
 * a gateway, scrapes, a collector, a remote issuer, TLS ports, PSPs by address).
 */

const other = { namespace: 'payments-globex' };
const peers = {
  shop: { podSelector: { matchLabels: { app: 'shop' } } },
  gateway: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'gateway' } } },
  monitoring: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
};

const production: Partial<PaymentVaultSpec> = {
  vaultId: 'globex-prod',
  gateway: { parentRefs: [{ name: 'public' }], webhooks: { hostnames: ['hooks.globex.example'] } },
  kafka: { bootstrapServers: ['broker.globex.example:9096'], manage: 'Admin' },
  access: {
    issuers: [
      {
        issuer: 'https://login.globex.example',
        audiences: ['payments'],
        jwksUri: 'https://login.globex.example/keys',
      },
    ],
    rules: [],
  },
  network: {
    clients: { from: [peers.shop] },
    gateway: { from: [peers.gateway] },
    database: { to: [{ cidr: '10.20.0.0/24' }] },
    kms: { to: [{ cidr: '10.30.0.0/24' }] },
    kafka: { to: [{ cidr: '10.40.0.0/24' }] },
    issuers: { to: [{ cidr: '10.50.0.0/24' }] },
    telemetry: { from: [peers.monitoring], to: [peers.monitoring] },
  },
};

const cluster = plannedCluster([
  ...readRendered('dev'),
  { ...paymentVault(production), metadata: { ...other, name: 'payments' } },
  otherConnector('stripe', '203.0.113.0/25'),
  otherConnector('adyen', '203.0.113.128/25'),
] as KubeObject[]);

const stranger = (namespace: string, name: string, labels: Record<string, string> = {}): Pod => ({
  namespace,
  name,
  labels,
  address: '127.80.1.1',
});
const at = (to: Endpoint, port: number, protocol: 'TCP' | 'UDP' = 'TCP'): Destination => ({
  to,
  port,
  protocol,
});
const pods = (namespace: string) => ({
  vault: cluster.pod(namespace, 'payments-vault'),
  router: cluster.pod(namespace, 'payments-router'),
  stripe: cluster.pod(namespace, 'stripe-connector'),
  adyen: cluster.pod(namespace, 'adyen-connector'),
  'vault migration': cluster.pod(namespace, 'payments-vault-migrate'),
  'router migration': cluster.pod(namespace, 'payments-router-migrate'),
});
const dev = pods('payments-dev');
const globex = pods('payments-globex');
const operator = cluster.pod('cofferdam-system', 'cofferdam-operator');
const simulator = cluster.pod('psp-simulator', 'psp-simulator');
const dns = stranger('kube-system', 'coredns', { 'k8s-app': 'kube-dns' });
const internet = { address: '198.51.100.7' };

/** Another replica of each, as destination: a pod can always call itself. */
const replica = (pod: Pod): Pod => ({ ...pod, name: `${pod.name}-2` });
const ours = (own: typeof dev) => ({
  vault: at(replica(own.vault), 8080),
  router: at(replica(own.router), 8080),
  stripe: at(replica(own.stripe), 8080),
  adyen: at(replica(own.adyen), 8080),
  'vault migr.': at(replica(own['vault migration']), 8080),
  'router migr.': at(replica(own['router migration']), 8080),
});

const devSources = {
  ...dev,
  operator,
  simulator,
  'client in the namespace': stranger('payments-dev', 'checkout', { app: 'checkout' }),
  'stranger elsewhere': stranger('default', 'stranger'),
  'look-alike elsewhere': stranger('default', 'router', dev.router.labels as Record<string, string>),
  'person at the machine': { address: '127.0.0.1' },
  'other vault': globex.vault,
  'other router': globex.router,
  'other stripe': globex.stripe,
  internet,
};

// A stranger in payments-dev is a client: its spec.network.clients names the whole namespace, and the person's address.
test('dev: who reaches our pods', () => {
  expect(grid(devSources, ours(dev), cluster.world)).toBe(
    table(`
                               vault  router  stripe  adyen  vault migr.  router migr.
      vault                    no     no      no      no     no           no
      router                   yes    no      yes     yes    no           no
      stripe                   yes    no      no      no     no           no
      adyen                    yes    no      no      no     no           no
      vault migration          no     no      no      no     no           no
      router migration         no     no      no      no     no           no
      operator                 yes    yes     yes     yes    no           no
      simulator                no     no      no      no     no           no
      client in the namespace  yes    yes     no      no     no           no
      stranger elsewhere       no     no      no      no     no           no
      look-alike elsewhere     no     no      no      no     no           no
      person at the machine    yes    yes     no      no     no           no
      other vault              no     no      no      no     no           no
      other router             no     no      no      no     no           no
      other stripe             no     no      no      no     no           no
      internet                 no     no      no      no     no           no
    `),
  );
});

// One PostgreSQL and one address for both databases: what keeps the router from the vault's is its password alone.
// Strangers are under no policy of ours: they reach whatever has none either. The operator reaches any address on the
// ports of API servers; and whoever has the labels of our pods its authority, which believes tokens, not labels.
test('dev: what is reached beyond our pods', () => {
  const beyond = {
    operator: at(replica(operator), 8080),
    'PSP admin': at(replica(simulator), 8080),
    'PSP stripe': at(replica(simulator), 8081),
    'PSP adyen': at(replica(simulator), 8082),
    stranger: at(stranger('payments-dev', 'stranger-2'), 8080),
    database: at({ address: '127.96.1.1' }, 5432),
    KMS: at({ address: '127.96.1.2' }, 4566),
    Kafka: at({ address: '127.96.1.3' }, 9092),
    DNS: at(dns, 53, 'UDP'),
    internet: at(internet, 443),
    authority: at(replica(operator), 8443),
  };
  const { internet: _, 'person at the machine': __, ...sources } = devSources;
  expect(grid(sources, beyond, cluster.world)).toBe(
    table(`
                               operator  PSP admin  PSP stripe  PSP adyen  stranger  database  KMS  Kafka  DNS  internet  authority
      vault                    no        no         no          no         no        yes       yes  yes    yes  no        yes
      router                   no        no         no          no         no        yes       no   yes    yes  no        yes
      stripe                   no        no         yes         no         no        no        no   no     yes  no        yes
      adyen                    no        no         no          yes        no        no        no   no     yes  no        yes
      vault migration          no        no         no          no         no        yes       no   no     yes  no        no
      router migration         no        no         no          no         no        yes       no   no     yes  no        no
      operator                 no        no         no          no         no        no        yes  yes    yes  yes       no
      simulator                no        no         no          no         no        no        no   no     no   no        no
      client in the namespace  no        no         no          no         yes       yes       yes  yes    yes  yes       no
      stranger elsewhere       no        no         no          no         yes       yes       yes  yes    yes  yes       no
      look-alike elsewhere     no        no         no          no         yes       yes       yes  yes    yes  yes       yes
      other vault              no        no         no          no         no        no        no   no     yes  no        yes
      other router             no        no         no          no         no        no        no   no     yes  no        yes
      other stripe             no        no         no          no         no        no        no   no     yes  no        yes
    `),
  );
});

const globexSources = {
  ...globex,
  operator,
  shop: stranger('payments-globex', 'shop', { app: 'shop' }),
  'stranger in the namespace': stranger('payments-globex', 'stranger'),
  'shop elsewhere': stranger('payments-dev', 'shop', { app: 'shop' }),
  gateway: stranger('gateway', 'envoy'),
  scraper: stranger('monitoring', 'prometheus'),
  'other vault': dev.vault,
  'other router': dev.router,
  'other stripe': dev.stripe,
  internet,
};

// A scrape comes to the port of the API, because that is where /metrics is: authentication tells them apart.
test('production: who reaches our pods', () => {
  expect(grid(globexSources, ours(globex), cluster.world)).toBe(
    table(`
                                 vault  router  stripe  adyen  vault migr.  router migr.
      vault                      no     no      no      no     no           no
      router                     yes    no      yes     yes    no           no
      stripe                     yes    no      no      no     no           no
      adyen                      yes    no      no      no     no           no
      vault migration            no     no      no      no     no           no
      router migration           no     no      no      no     no           no
      operator                   yes    yes     yes     yes    no           no
      shop                       yes    yes     no      no     no           no
      stranger in the namespace  no     no      no      no     no           no
      shop elsewhere             no     no      no      no     no           no
      gateway                    yes    yes     yes     yes    no           no
      scraper                    yes    yes     yes     yes    no           no
      other vault                no     no      no      no     no           no
      other router               no     no      no      no     no           no
      other stripe               no     no      no      no     no           no
      internet                   no     no      no      no     no           no
    `),
  );
});

const globexBeyond = {
  'PSP stripe': at({ address: '203.0.113.7' }, 443),
  'PSP adyen': at({ address: '203.0.113.135' }, 443),
  database: at({ address: '10.20.0.5' }, 5432),
  KMS: at({ address: '10.30.0.5' }, 443),
  Kafka: at({ address: '10.40.0.5' }, 9096),
  issuer: at({ address: '10.50.0.5' }, 443),
  collector: at(stranger('monitoring', 'collector'), 4317),
  DNS: at(dns, 53, 'UDP'),
  internet: at(internet, 443),
  stranger: at(stranger('payments-globex', 'stranger'), 8080),
  operator: at(operator, 8080),
  authority: at(operator, 8443),
};

test('production: what our pods reach beyond themselves', () => {
  expect(grid(globex, globexBeyond, cluster.world)).toBe(
    table(`
                        PSP stripe  PSP adyen  database  KMS  Kafka  issuer  collector  DNS  internet  stranger  operator  authority
      vault             no          no         yes       yes  yes    yes     yes        yes  no        no        no        yes
      router            no          no         yes       no   yes    yes     yes        yes  no        no        no        yes
      stripe            yes         no         no        no   no     no      yes        yes  no        no        no        yes
      adyen             no          yes        no        no   no     no      yes        yes  no        no        no        yes
      vault migration   no          no         yes       no   no     no      no         yes  no        no        no        no
      router migration  no          no         yes       no   no     no      no         yes  no        no        no        no
    `),
  );
});

test('production: no rule and no peer is idle: without any one of them a path of these tables is missing', () => {
  const destinations = { ...ours(globex), ...globexBeyond };
  const matrix = (policies: readonly Policy[]) =>
    JSON.stringify(whoCanReachWhom(globexSources, destinations, { ...cluster.world, policies }));
  const whole = matrix(cluster.world.policies);
  const variants = cluster.world.policies
    .filter(({ metadata }) => metadata.namespace === 'payments-globex')
    .flatMap((policy) => withoutOnePeer(policy).map(({ left, policy: less }) => ({ left, policy, less })));
  const idle = variants
    .filter(
      ({ policy, less }) =>
        matrix(cluster.world.policies.map((one) => (one === policy ? less : one))) === whole,
    )
    .map(({ left, policy }) => `${policy.metadata.name} ${left}`);
  expect(variants.length).toBeGreaterThan(40);
  expect(idle).toEqual([]);
});

test('nothing of ours listens to anybody on any port but the one of our services', () => {
  const others = [1, 22, 80, 443, 4317, 5432, 6060, 8079, 8081, 8082, 9090, 9229, 10250, 65535];
  const closed = Object.fromEntries(
    [dev, globex].flatMap((own, index) =>
      Object.entries(own).flatMap(([name, pod]) => [
        ...others.map((port) => [`${index} ${name} ${port}`, at(replica(pod), port)]),
        [`${index} ${name} 8080/UDP`, at(replica(pod), 8080, 'UDP')],
      ]),
    ),
  );
  for (const sources of [devSources, globexSources]) {
    const reached = Object.values(whoCanReachWhom(sources, closed, cluster.world)).flat();
    expect(reached).toEqual([]);
  }
});

test('none of our pods reaches the internet on any port that its policies name for something else', () => {
  const ports = [53, 80, 443, 4317, 4318, 4566, 5432, 8080, 8081, 8082, 9092, 9096];
  const places = Object.fromEntries(
    ports.flatMap((port) => [
      [`${port}/TCP`, at(internet, port)],
      [`${port}/UDP`, at(internet, port, 'UDP')],
    ]),
  );
  for (const own of [dev, globex]) {
    expect(Object.values(whoCanReachWhom(own, places, cluster.world)).flat()).toEqual([]);
  }
});

// The price of leaving spec.network out, as its fields say: with a remote issuer a router can then reach a PSP's port.
test('where spec.network names nothing, only what needs a port reaches any address on it, and a connector none', () => {
  const { kafka, access } = production;
  const bare = plannedCluster([
    paymentVault({ ...(kafka ? { kafka } : {}), ...(access ? { access } : {}) }),
    connector('stripe'),
  ] as KubeObject[]);
  const of = (workload: string) => bare.pod('payments-dev', workload);
  const sources = {
    vault: of('payments-vault'),
    router: of('payments-router'),
    stripe: of('stripe-connector'),
    'vault migration': of('payments-vault-migrate'),
    'router migration': of('payments-router-migrate'),
  };
  const anywhere = {
    'internet 5432': at(internet, 5432),
    'internet 443': at(internet, 443),
    'internet 9096': at(internet, 9096),
    'internet 8080': at(internet, 8080),
    'its PSP': at({ address: '192.0.2.1' }, 8081),
  };
  expect(grid(sources, anywhere, bare.world)).toBe(
    table(`
                        internet 5432  internet 443  internet 9096  internet 8080  its PSP
      vault             yes            yes           yes            no             no
      router            yes            yes           yes            no             no
      stripe            no             no            no             no             yes
      vault migration   yes            no            no             no             no
      router migration  yes            no            no             no             no
    `),
  );
});

test('two vaults in one namespace are as far from each other as in two, but for clients of the namespace', () => {
  const shared = plannedCluster([
    paymentVault(),
    connector('stripe'),
    { ...paymentVault({ vaultId: 'second' }), metadata: { namespace: 'payments-dev', name: 'second' } },
    connector('adyen', { vaultRef: { name: 'second' } }),
  ] as KubeObject[]);
  const of = (workload: string) => shared.pod('payments-dev', workload);
  const first = {
    vault: of('payments-vault'),
    router: of('payments-router'),
    stripe: of('stripe-connector'),
  };
  const second = {
    vault: at(of('second-vault'), 8080),
    router: at(of('second-router'), 8080),
    adyen: at(of('adyen-connector'), 8080),
  };
  expect(whoCanReachWhom(first, second, shared.world)).toEqual({ vault: [], router: [], stripe: [] });
});

function otherConnector(name: 'stripe' | 'adyen', cidr: string): object {
  const { endpoint: _, ...spec } = connector(name, {
    provider: name,
    egress: { to: [{ cidr }], ports: [443] },
  }).spec;
  return { ...connector(name), spec, metadata: { ...other, name } };
}

/** The policy once for each of its peers, without that peer, or without the rule that has no other. */
function withoutOnePeer(policy: Policy): { left: string; policy: Policy }[] {
  const { ingress = [], egress = [] } = policy.spec;
  const less = <R, K extends keyof R>(rules: readonly R[], key: K, peers: (rule: R) => readonly unknown[]) =>
    rules.flatMap((rule, r) =>
      peers(rule).map((_, p) => ({
        left: `${String(key)}[${r}][${p}]`,
        rules:
          peers(rule).length === 1
            ? rules.toSpliced(r, 1)
            : rules.with(r, { ...rule, [key]: peers(rule).toSpliced(p, 1) }),
      })),
    );
  return [
    ...less(ingress, 'from', ({ from = [] }) => from).map(({ left, rules }) => ({
      left,
      policy: { ...policy, spec: { ...policy.spec, ingress: rules } },
    })),
    ...less(egress, 'to', ({ to = [] }) => to).map(({ left, rules }) => ({
      left,
      policy: { ...policy, spec: { ...policy.spec, egress: rules } },
    })),
  ];
}
