import type { PaymentVault, Provider, PSPConnector } from '@cofferdam/crds';
import type { ObservedDeployment } from '../status/observed-types.ts';
import { certificate, certificatesRefused } from './certificate.ts';
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

/** Why a connector cannot be built as it is asked for; nothing of it is applied then. */
export type ConnectorRefused = {
  refused: 'VaultNotFound' | 'ProviderNotSupported' | 'HostPolicyUnsupported' | 'CertManagerMissing';
  message: string;
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
};

/** What a PSPConnector becomes: a Deployment, an identity and a network of its own. */
export function planPSPConnector(
  connector: PSPConnector,
  vault: PaymentVault | undefined,
  facts: Facts,
  observed: ObservedForConnector = {},
): PSPConnectorPlan | ConnectorRefused {
  const { spec, metadata } = connector;
  if (vault === undefined) {
    return {
      refused: 'VaultNotFound',
      message: `PaymentVault ${metadata.namespace}/${spec.vaultRef.name} not found: create it, or make this connector for another vault`,
    };
  }
  if (!ADAPTERS.has(spec.provider)) {
    return {
      refused: 'ProviderNotSupported',
      message: `provider ${spec.provider} is not supported by this release: it has ${[...ADAPTERS].join(' and ')}`,
    };
  }
  const hosts = egressHosts(connector);
  if (hosts.length > 0 && !allowsHosts(facts)) {
    return {
      refused: 'HostPolicyUnsupported',
      message: `egress.to.host (${hosts.join(', ')}) needs host-name policies, and this cluster has no CiliumNetworkPolicy: install Cilium, or give cidr or selectors instead`,
    };
  }
  const noCertificates = certificatesRefused(vault.spec, facts);
  if (noCertificates !== undefined) {
    return { refused: noCertificates.reason, message: noCertificates.message };
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
      serviceAccount(component),
      service(component),
      ...certificate(component, vault, facts),
      podDisruptionBudget(component),
      ...horizontalPodAutoscaler(component),
      ...(queued ? [] : [rollout]),
    ],
  };
}

/** Connectors that the router is told of: those that have, or will have, a process to call. */
export function isRoutable(connector: PSPConnector, facts: Facts): boolean {
  return (
    connector.metadata.deletionTimestamp === undefined &&
    ADAPTERS.has(connector.spec.provider) &&
    (egressHosts(connector).length === 0 || allowsHosts(facts))
  );
}
