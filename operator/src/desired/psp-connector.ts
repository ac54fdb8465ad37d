import type { PaymentVault, Provider, PSPConnector } from '@cofferdam/crds';
import type { ObservedDeployment } from '../status/observed-types.ts';
import { certificate, certificatesRefused } from './certificate.ts';
import type { Component } from './component.ts';
import { accountsConfigMap } from './config-map.ts';
import { connectorComponent } from './connector-component.ts';
import { deployment } from './deployment.ts';
import type { Facts } from './facts.ts';
import { webhookRoute } from './gateway-routes.ts';
import { allowsHosts, egressHosts, hostPolicy } from './host-policy.ts';
import { horizontalPodAutoscaler } from './hpa.ts';
import type { Manifest } from './manifest.ts';
import { connectorNetworkPolicy } from './network-policy.ts';
import { podDisruptionBudget } from './pdb.ts';
import { templateOf } from './pod-template.ts';
import type { RolloutTurn } from './rollout-turn.ts';
import { service } from './service.ts';
import { serviceAccount } from './service-account.ts';
import { serviceMonitor } from './service-monitor.ts';

/** Providers that this release's connector image speaks. */
const ADAPTERS: ReadonlySet<Provider> = new Set(['stripe', 'adyen']);

/** Why a connector cannot be built as it is asked for. What runs of it is left as it is. */
export type ConnectorRefused = {
  refused: 'VaultNotFound' | 'ProviderNotSupported' | 'HostPolicyUnsupported' | 'CertManagerMissing';
  message: string;
  /** What pods that run stand on, put back where somebody took it away. None where none run. */
  repairs: Manifest[];
};
export type PSPConnectorPlan = {
  manifests: Manifest[];
  /** The Deployment stays as it is: its pods would be restarted for the operator's sake, and others come first. */
  queued: boolean;
};
/** What the plan has to know of the world. */
export type ObservedForConnector = {
  deployment?: ObservedDeployment | undefined;
  /** Absent: free. */
  turn?: RolloutTurn;
  /** Absent: it has none. */
  hasNetworkPolicy?: boolean;
};

/** What a PSPConnector becomes: a Deployment, an identity and a network of its own. */
export function planPSPConnector(
  connector: PSPConnector,
  vault: PaymentVault | undefined,
  facts: Facts,
  observed: ObservedForConnector = {},
): PSPConnectorPlan | ConnectorRefused {
  const { spec, metadata } = connector;
  const refuse = (refused: ConnectorRefused['refused'], message: string): ConnectorRefused => ({
    refused,
    message,
    repairs: observed.deployment === undefined ? [] : repairs(connector, vault, facts, observed),
  });
  if (vault === undefined) {
    return refuse(
      'VaultNotFound',
      `PaymentVault ${metadata.namespace}/${spec.vaultRef.name} not found: create it, or make this connector for another vault`,
    );
  }
  if (!ADAPTERS.has(spec.provider)) {
    return refuse(
      'ProviderNotSupported',
      `provider ${spec.provider} is not supported by this release: it has ${[...ADAPTERS].join(' and ')}`,
    );
  }
  const hosts = egressHosts(connector);
  if (hosts.length > 0 && !allowsHosts(facts)) {
    return refuse(
      'HostPolicyUnsupported',
      `egress.to.host (${hosts.join(', ')}) needs host-name policies, and this cluster has no CiliumNetworkPolicy: install Cilium, or give cidr or selectors instead`,
    );
  }
  const noCertificates = certificatesRefused(vault.spec, facts);
  if (noCertificates !== undefined) {
    return refuse(noCertificates.reason, noCertificates.message);
  }
  const component = connectorComponent(connector, vault, facts);
  const rollout = deployment(component);
  const found = observed.deployment;
  const queued =
    observed.turn?.turn === 'Queued' &&
    found !== undefined &&
    templateOf(found) !== templateOf(rollout.object);
  return {
    queued,
    manifests: [
      accountsConfigMap(connector),
      connectorNetworkPolicy(connector, vault, facts),
      ...hostPolicy(connector, vault, facts),
      ...webhookRoute(connector, vault, facts),
      ...serviceMonitor(component, vault, facts),
      ...around(component),
      ...certificate(component, vault, facts),
      ...(queued ? [] : [rollout]),
    ],
  };
}

function around(component: Component): Manifest[] {
  return [
    serviceAccount(component),
    service(component),
    podDisruptionBudget(component),
    ...horizontalPodAutoscaler(component),
  ];
}

/**
 * Of a connector that is refused: all that can be said without what is refused. Routes and monitors verify the pods by
 * spec.tls, which is not what they run with, and stay as they are. Where not all of the way out can be said, the
 * policy that is there stays too: it is the one that the pods serve with. One that is gone is put back with what can
 * be said, since a pod that sees cards is isolated before it is available.
 */
function repairs(
  connector: PSPConnector,
  vault: PaymentVault | undefined,
  facts: Facts,
  { hasNetworkPolicy = false }: ObservedForConnector,
): Manifest[] {
  const canSayAll = vault !== undefined && (egressHosts(connector).length === 0 || allowsHosts(facts));
  const network = vault ?? { metadata: { name: connector.spec.vaultRef.name }, spec: {} };
  const policy = canSayAll || !hasNetworkPolicy ? [connectorNetworkPolicy(connector, network, facts)] : [];
  if (vault === undefined) return policy;
  return [
    accountsConfigMap(connector),
    ...policy,
    ...hostPolicy(connector, vault, facts),
    ...around(connectorComponent(connector, vault, facts)),
  ];
}

/**
 * Connectors that the router is told of: those that have, or will have, a process to call. One that runs keeps it,
 * whatever its spec asks for by now. As with all others, whether it is available is for the router to find out.
 */
export function isRoutable(
  connector: PSPConnector,
  facts: Facts,
  { hasDeployment }: { hasDeployment: boolean },
): boolean {
  if (connector.metadata.deletionTimestamp !== undefined) return false;
  const canBeBuilt =
    ADAPTERS.has(connector.spec.provider) && (egressHosts(connector).length === 0 || allowsHosts(facts));
  return canBeBuilt || hasDeployment;
}
