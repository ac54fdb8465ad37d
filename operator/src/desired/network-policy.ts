import { SERVICE_PORT } from '@cofferdam/contracts';
import { type NetworkPeer, type PaymentVault, type PSPConnector, policyPeer } from '@cofferdam/crds';
import type {
  EgressRule,
  IngressRule,
  NetworkPolicySpec,
  PolicyPeer,
  PolicyPort,
} from '../engine/kubernetes-types.ts';
import { RESOURCES } from '../engine/well-known.ts';
import type { Facts } from './facts.ts';
import { type Manifest, manifest } from './manifest.ts';
import { connectorSelector, labels, names, type PodIdentity, podSelector } from './names.ts';

/*
 * Every policy here selects the pods of one component and names both directions, which denies whatever no rule
 * of it allows: a pod of ours has exactly the paths below.
 */

const service = [tcp(SERVICE_PORT)];
/** Of the operator's certificate authority. */
const CERTIFICATE_PORT = 8443;

export function vaultNetworkPolicies(vault: PaymentVault, facts: Facts): Manifest[] {
  const { name, namespace = '' } = vault.metadata;
  const kms = outward(vault.spec.network?.kms, [portOf(vault.spec.kms.endpoint ?? 'https://kms')]);
  const policy = (role: 'vault' | 'router', component: 'api' | 'migration', rules: Rules) => {
    const identity: PodIdentity = { role, instance: name, vault: name };
    const suffix = component === 'api' ? '' : '-migrate';
    return networkPolicy({ name: `${name}-${role}${suffix}`, namespace, identity, component, rules });
  };
  const connectors: PolicyPeer = { podSelector: { matchLabels: connectorSelector(name) } };
  const router = podsOf({ role: 'router', instance: name });
  return [
    policy('vault', 'api', {
      ingress: [...callers(vault, facts), allowFrom([router, connectors])],
      egress: [
        ...database(vault),
        kms,
        ...brokers(vault),
        ...issuers(vault),
        authority(facts),
        ...telemetry(vault),
        dns(vault),
      ],
    }),
    policy('router', 'api', {
      ingress: callers(vault, facts),
      egress: [
        { to: [podsOf({ role: 'vault', instance: name }), connectors], ports: service },
        ...database(vault),
        ...brokers(vault),
        ...issuers(vault),
        authority(facts),
        ...telemetry(vault),
        dns(vault),
      ],
    }),
    policy('vault', 'migration', { ingress: [], egress: [...database(vault), dns(vault)] }),
    policy('router', 'migration', { ingress: [], egress: [...database(vault), dns(vault)] }),
  ];
}

/** What a connector's policy takes of its vault: with no more than a name, everything but what `spec.network` adds. */
export type VaultNetwork = {
  metadata: { name: string };
  spec: Pick<PaymentVault['spec'], 'network' | 'gateway'>;
};

/**
 * A connector reaches its vault and its own PSP; only its vault's router reaches the connector. Its callers have
 * tokens of the cluster, whose keys come as a file: it needs no way to other issuers.
 */
export function connectorNetworkPolicy(connector: PSPConnector, vault: VaultNetwork, facts: Facts): Manifest {
  const { name, namespace = '' } = connector.metadata;
  const vaultName = vault.metadata.name;
  const { to, ports } = connector.spec.egress;
  const peers = to.filter(({ host }) => host === undefined);
  return networkPolicy({
    name: names.connector(name),
    namespace,
    identity: { role: 'connector', instance: name, vault: vaultName },
    component: 'api',
    rules: {
      ingress: [
        allowFrom([podsOf({ role: 'router', instance: vaultName })]),
        allowFrom([operatorPods(facts)]),
        ...webhooks(vault),
        ...scrapes(vault),
      ],
      egress: [
        { to: [podsOf({ role: 'vault', instance: vaultName })], ports: service },
        // Hosts are for the policy that knows names; a rule without a peer would allow every address.
        ...(peers.length === 0 ? [] : [{ to: peers.map(policyPeer), ports: ports.map(tcp) }]),
        authority(facts),
        ...telemetry(vault),
        dns(vault),
      ],
    },
  });
}

type Rules = { ingress: IngressRule[]; egress: EgressRule[] };

function networkPolicy(options: {
  name: string;
  namespace: string;
  identity: PodIdentity;
  component: 'api' | 'migration';
  rules: Rules;
}): Manifest {
  const { name, namespace, identity, component, rules } = options;
  const spec: NetworkPolicySpec = {
    podSelector: { matchLabels: podSelector(identity, component) },
    policyTypes: ['Ingress', 'Egress'],
    ingress: rules.ingress,
    egress: rules.egress,
  };
  return manifest(RESOURCES.networkPolicies, { name, namespace, labels: labels(identity) }, { spec });
}

/** Those who may call vault and router: clients, the gateway, the operator for `/statusz`, scrapers. */
function callers(vault: PaymentVault, facts: Facts): IngressRule[] {
  const { clients, gateway } = vault.spec.network ?? {};
  return [
    allowFrom(clients === undefined ? [{ podSelector: {} }] : clients.from.map(policyPeer)),
    ...(gateway === undefined ? [] : [allowFrom(gateway.from.map(policyPeer))]),
    allowFrom([operatorPods(facts)]),
    ...scrapes(vault),
  ];
}

/** What PSPs send, through the gateway; only where it is routed to connectors. */
function webhooks(vault: VaultNetwork): IngressRule[] {
  const { gateway, network } = vault.spec;
  if (gateway?.webhooks === undefined || network?.gateway === undefined) return [];
  return [allowFrom(network.gateway.from.map(policyPeer))];
}

function scrapes(vault: VaultNetwork): IngressRule[] {
  const from = vault.spec.network?.telemetry?.from;
  return from === undefined ? [] : [allowFrom(from.map(policyPeer))];
}

function database(vault: PaymentVault): EgressRule[] {
  return [outward(vault.spec.network?.database, [5432])];
}

/** On every EKS node: where the AWS SDK gets the credentials of a pod that has no role of its own from us. */
const podIdentityAgent: EgressRule = {
  to: [{ ipBlock: { cidr: '169.254.170.23/32' } }, { ipBlock: { cidr: 'fd00:ec2::23/128' } }],
  ports: [tcp(80)],
};

function brokers(vault: PaymentVault): EgressRule[] {
  const { kafka, network } = vault.spec;
  if (kafka === undefined) return [];
  return [
    outward(
      network?.kafka,
      kafka.bootstrapServers.map((server) => Number(server.split(':').at(-1))),
    ),
    ...(kafka.auth?.mechanism === 'AwsMskIam' ? [podIdentityAgent] : []),
  ];
}

/** The cluster's own keys come as a file, so only issuers with a jwksUri need a way out. */
function issuers(vault: PaymentVault): EgressRule[] {
  const uris = vault.spec.access.issuers.flatMap(({ jwksUri }) => (jwksUri === undefined ? [] : [jwksUri]));
  return uris.length === 0 ? [] : [outward(vault.spec.network?.issuers, uris.map(portOf))];
}

/** To the operator, which certifies the pod's key. With cert-manager too: pods from before it go on asking. */
function authority(facts: Facts): EgressRule {
  return { to: [operatorPods(facts)], ports: [tcp(CERTIFICATE_PORT)] };
}

function telemetry(vault: VaultNetwork): EgressRule[] {
  const { to, ports } = vault.spec.network?.telemetry ?? {};
  return to === undefined ? [] : [outward({ to, ports }, [4317, 4318])];
}

function dns(vault: VaultNetwork): EgressRule {
  const asked = vault.spec.network?.dns;
  const kubeDns: PolicyPeer = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
    podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
  };
  return {
    to: asked?.to.map(policyPeer) ?? [kubeDns],
    ports: (asked?.ports ?? [53]).flatMap((port) => [{ protocol: 'UDP', port }, tcp(port)]),
  };
}

/** What may be reached at any address, because `spec.network` does not say where it is. */
export function openToAnyAddress(vault: PaymentVault): string[] {
  const { kafka, access, network = {} } = vault.spec;
  const used = {
    database: true,
    kms: true,
    kafka: kafka !== undefined,
    issuers: access.issuers.some(({ jwksUri }) => jwksUri !== undefined),
  };
  const members = ['database', 'kms', 'kafka', 'issuers'] as const;
  return members.filter((member) => used[member] && network[member] === undefined);
}

/** To the peers that the spec names, or to any address where it names none, on these ports only. */
function outward(
  asked: { to: readonly NetworkPeer[]; ports?: readonly number[] | undefined } | undefined,
  defaultPorts: readonly number[],
): EgressRule {
  const ports = [...new Set(asked?.ports ?? defaultPorts)].map(tcp);
  return asked === undefined ? { ports } : { to: asked.to.map(policyPeer), ports };
}

function allowFrom(from: PolicyPeer[]): IngressRule {
  return { from, ports: service };
}

function podsOf(identity: Pick<PodIdentity, 'role' | 'instance'>): PolicyPeer {
  return { podSelector: { matchLabels: podSelector(identity, 'api') } };
}

function operatorPods(facts: Facts): PolicyPeer {
  return {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': facts.operatorNamespace } },
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'operator' } },
  };
}

function tcp(port: number): PolicyPort {
  return { protocol: 'TCP', port };
}

/** Never throws: a port that there cannot be is refused, with its place, by the API server. */
function portOf(url: string): number {
  const [, port] = /^https?:\/\/[^/?#]*?:(\d+)(?:[/?#]|$)/.exec(url) ?? [];
  if (port !== undefined) return Number(port);
  return url.startsWith('http:') ? 80 : 443;
}
