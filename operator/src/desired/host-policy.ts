import type { LabelSelector, NetworkPeer, PaymentVault, PSPConnector } from '@cofferdam/crds';
import { apiName } from '../engine/discovery.ts';
import { OPTIONAL_RESOURCES } from '../engine/well-known.ts';
import type { Facts } from './facts.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels, names, podSelector } from './names.ts';

const { ciliumNetworkPolicies } = OPTIONAL_RESOURCES;

/** The host names that a connector may reach. */
export function egressHosts(connector: PSPConnector): string[] {
  return connector.spec.egress.to.flatMap(({ host }) => (host === undefined ? [] : [host]));
}

/** NetworkPolicy knows no host names: without an API for them such a connector is not let out, and not run. */
export function allowsHosts(facts: Facts): boolean {
  return facts.apis.has(apiName(ciliumNetworkPolicies));
}

/**
 * The way out to hosts, by Cilium; everything else of the connector stays in its NetworkPolicy. Cilium learns a
 * host's addresses from the answers of the resolver, for which it has to see them.
 */
export function hostPolicy(connector: PSPConnector, vault: PaymentVault, facts: Facts): Manifest[] {
  const hosts = egressHosts(connector);
  if (hosts.length === 0 || !allowsHosts(facts)) return [];
  const { name, namespace = '' } = connector.metadata;
  const identity = { role: 'connector', instance: name, vault: vault.metadata.name } as const;
  const tcp = connector.spec.egress.ports.map((port) => ({ port: String(port), protocol: 'TCP' }));
  const dns = vault.spec.network?.dns;
  const resolverPorts = (dns?.ports ?? [53]).map((port) => ({ port: String(port), protocol: 'ANY' }));
  const spec = {
    endpointSelector: { matchLabels: podSelector(identity, 'api') },
    egress: [
      { toFQDNs: hosts.map((host) => ({ matchName: host })), toPorts: [{ ports: tcp }] },
      ...(dns?.to ?? [KUBE_DNS]).map((peer) => ({
        ...ciliumPeer(peer, namespace),
        toPorts: [{ ports: resolverPorts, rules: { dns: [{ matchPattern: '*' }] } }],
      })),
    ],
  };
  const metadata = { name: names.connector(name), namespace, labels: labels(identity) };
  return [manifest(ciliumNetworkPolicies, metadata, { spec })];
}

const KUBE_DNS: NetworkPeer = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
};

/** The same pods in Cilium's words: labels of a namespace are labels of its pods, under a prefix. */
function ciliumPeer(peer: NetworkPeer, own: string): object {
  if (peer.cidr !== undefined) return { toCIDR: [peer.cidr] };
  const pods = prefixed(peer.podSelector, 'k8s:');
  const namespaces =
    peer.namespaceSelector === undefined
      ? { matchLabels: { 'k8s:io.kubernetes.pod.namespace': own }, matchExpressions: [] }
      : prefixed(peer.namespaceSelector, 'k8s:io.cilium.k8s.namespace.labels.');
  const matchLabels = { ...namespaces.matchLabels, ...pods.matchLabels };
  const matchExpressions = [...namespaces.matchExpressions, ...pods.matchExpressions];
  return { toEndpoints: [{ matchLabels, ...(matchExpressions.length === 0 ? {} : { matchExpressions }) }] };
}

function prefixed(selector: LabelSelector | undefined, prefix: string) {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return {
    matchLabels: Object.fromEntries(Object.entries(matchLabels).map(([key, value]) => [prefix + key, value])),
    matchExpressions: matchExpressions.map((one) => ({ ...one, key: prefix + one.key })),
  };
}
