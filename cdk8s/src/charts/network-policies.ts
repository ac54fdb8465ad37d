import { type NetworkPeer, policyPeer } from '@cofferdam/crds';
import { k8s } from 'cdk8s-plus-28';
import type { OperatorNetwork } from '../config/operator-config.ts';

const port = (number: number, protocol = 'TCP'): k8s.NetworkPolicyPort => ({
  port: k8s.IntOrString.fromNumber(number),
  protocol,
});
const tcp = (numbers: readonly number[]) => numbers.map((number) => port(number));

/** Whatever the operator has made, in any namespace. */
const ofOurs = (labels: Record<string, string> = {}): k8s.NetworkPolicyPeer => ({
  namespaceSelector: {},
  podSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'cofferdam-operator', ...labels } },
});

const KUBE_DNS: NetworkPeer = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
};

/**
 * The operator's own pods: pods of ours come to have their keys certified; it goes to the API server, to the status
 * ports of our pods, to KMS and Kafka, and nowhere else. Where the API server is, only its addresses would say,
 * which differ between clusters: any address, unless the configuration names them.
 */
export function operatorPolicy(
  selector: Record<string, string>,
  ports: { http: number; certificates: number },
  network: OperatorNetwork = {},
): k8s.NetworkPolicySpec {
  const { scrapers, apiServer, kms, kafka, dns } = network;
  return {
    podSelector: { matchLabels: selector },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      { from: [ofOurs()], ports: tcp([ports.certificates]) },
      ...(scrapers === undefined ? [] : [{ from: scrapers.map(policyPeer), ports: tcp([ports.http]) }]),
    ],
    egress: [
      outward(apiServer, [443, 6443]),
      outward(kms, [443]),
      outward(kafka, [9092, 9093, 9094, 9096, 9098]),
      { to: [ofOurs({ 'app.kubernetes.io/component': 'api' })], ports: tcp([8080]) },
      {
        to: (dns?.to ?? [KUBE_DNS]).map(policyPeer),
        ports: (dns?.ports ?? [53]).flatMap((number) => [port(number, 'UDP'), port(number)]),
      },
    ],
  };
}

/** The simulator is called by connectors and calls nobody. */
export function simulatorPolicy(
  selector: Record<string, string>,
  ports: readonly number[],
): k8s.NetworkPolicySpec {
  return {
    podSelector: { matchLabels: selector },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [ofOurs({ 'app.kubernetes.io/name': 'connector' })], ports: tcp(ports) }],
    egress: [],
  };
}

/**
 * The collector scrapes what we serve, asks the API server where that is, and sends to one port; where the other end
 * of that is, only its address would say. Nobody calls it.
 */
export function collectorPolicy(
  selector: Record<string, string>,
  ports: { services: number; operator: number; endpoint: number },
): k8s.NetworkPolicySpec {
  const dns = [port(53, 'UDP'), port(53)];
  const operator = {
    namespaceSelector: {},
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'operator' } },
  };
  return {
    podSelector: { matchLabels: selector },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [],
    egress: [
      { to: [ofOurs({ 'app.kubernetes.io/component': 'api' })], ports: tcp([ports.services]) },
      { to: [operator], ports: tcp([ports.operator]) },
      { ports: tcp([...new Set([443, 6443, ports.endpoint])]) },
      { to: [policyPeer(KUBE_DNS)], ports: dns },
    ],
  };
}

function outward(
  asked: { to: NetworkPeer[]; ports?: number[] | undefined } | undefined,
  defaults: readonly number[],
): k8s.NetworkPolicyEgressRule {
  const ports = tcp(asked?.ports ?? defaults);
  return asked === undefined ? { ports } : { to: asked.to.map(policyPeer), ports };
}
