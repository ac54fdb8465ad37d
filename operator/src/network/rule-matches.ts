import type { PolicyPeer, PolicyPort } from '../engine/kubernetes-types.ts';
import { inBlock } from './cidr.ts';
import { selects } from './label-selector.ts';
import { type Endpoint, isPod, type Labels, type Protocol, type World } from './world.ts';

/** Whether an endpoint is one of a rule's peers. No peers, or an empty list, means everyone. */
export function peersMatch(
  peers: readonly PolicyPeer[] | undefined,
  endpoint: Endpoint,
  policyNamespace: string,
  world: World,
): boolean {
  if (peers === undefined || peers.length === 0) return true;
  return peers.some((peer) => peerMatches(peer, endpoint, policyNamespace, world));
}

function peerMatches(peer: PolicyPeer, endpoint: Endpoint, policyNamespace: string, world: World): boolean {
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (ipBlock !== undefined) {
    const { address } = endpoint;
    return (
      address !== undefined &&
      inBlock(address, ipBlock.cidr) &&
      !(ipBlock.except ?? []).some((block) => inBlock(address, block))
    );
  }
  // The API server refuses a peer that says nothing; it must not read as "everyone".
  if (podSelector === undefined && namespaceSelector === undefined) return false;
  if (!isPod(endpoint)) return false;
  const inNamespace =
    namespaceSelector === undefined
      ? endpoint.namespace === policyNamespace
      : selects(namespaceSelector, namespaceLabels(endpoint.namespace, world));
  return inNamespace && selects(podSelector ?? {}, endpoint.labels);
}

function namespaceLabels(namespace: string, world: World): Labels {
  return { ...world.namespaces[namespace], 'kubernetes.io/metadata.name': namespace };
}

/** Whether a rule's ports hold a destination's port. No ports, or an empty list, means every port and protocol. */
export function portsMatch(
  ports: readonly PolicyPort[] | undefined,
  { to, port, protocol }: { to: Endpoint; port: number; protocol: Protocol },
): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some((allowed) => {
    if ((allowed.protocol ?? 'TCP') !== protocol) return false;
    if (allowed.port === undefined) return true;
    if (typeof allowed.port === 'number')
      return port >= allowed.port && port <= (allowed.endPort ?? allowed.port);
    // A name means what the destination pod's containers call so, in either direction; outside nothing has names.
    return (
      isPod(to) &&
      (to.ports ?? []).some(
        (named) =>
          named.name === allowed.port && named.port === port && (named.protocol ?? 'TCP') === protocol,
      )
    );
  });
}
