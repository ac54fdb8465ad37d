import { SERVICE_PORT } from '@cofferdam/contracts';
import { GROUP } from '@cofferdam/crds';

export type Role = 'vault' | 'router' | 'connector';

/** Names of everything that a PaymentVault or a PSPConnector becomes. Deterministic: a crash leaves no orphan. */
export const names = {
  vault: (vault: string) => `${vault}-vault`,
  router: (vault: string) => `${vault}-router`,
  connector: (connector: string) => `${connector}-connector`,
  access: (vault: string) => `${vault}-access`,
  routing: (vault: string) => `${vault}-routing`,
  accounts: (connector: string) => `${connector}-accounts`,
  ca: (vault: string) => `${vault}-ca`,
  tlsSecret: (component: string) => `${component}-tls`,
  migration: (vault: string, role: 'vault' | 'router', hash: string) => `${vault}-${role}-migrate-${hash}`,
} as const;

export function serviceUrl(service: string, namespace: string): string {
  return `https://${service}.${namespace}.svc:${SERVICE_PORT}`;
}

/** The DNS names of the Service of a component, as its certificate has them. */
export function serviceNames({ namespace, name }: { namespace: string; name: string }): string[] {
  return [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`, `${name}.${namespace}`, name];
}

/** The `sub` of the tokens of a service account. */
export function subjectOf(namespace: string, serviceAccount: string): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

/** On every child: the PaymentVault that it belongs to, so that policies can select a vault's connectors. */
export const VAULT_LABEL = `${GROUP}/vault`;
/** `api` for pods that serve, `migration` for those of Jobs, which no Service may select. */
const COMPONENT_LABEL = 'app.kubernetes.io/component';

export type PodIdentity = { role: Role; instance: string; vault: string };

export function labels(identity: PodIdentity): Record<string, string> {
  return {
    'app.kubernetes.io/name': identity.role,
    'app.kubernetes.io/instance': identity.instance,
    'app.kubernetes.io/part-of': 'cofferdam',
    'app.kubernetes.io/managed-by': 'cofferdam-operator',
    [VAULT_LABEL]: identity.vault,
  };
}

/** Selects every child of ours in a cache. */
export const MANAGED_SELECTOR = 'app.kubernetes.io/managed-by=cofferdam-operator';

export function podLabels(identity: PodIdentity, component: 'api' | 'migration'): Record<string, string> {
  return { ...labels(identity), [COMPONENT_LABEL]: component };
}

/** What selects the pods of a component; immutable in a Deployment, so it never grows. */
export function podSelector(
  identity: Pick<PodIdentity, 'role' | 'instance'>,
  component: 'api' | 'migration',
): Record<string, string> {
  return {
    'app.kubernetes.io/name': identity.role,
    'app.kubernetes.io/instance': identity.instance,
    [COMPONENT_LABEL]: component,
  };
}

/** The connectors of a vault, whatever their names. */
export function connectorSelector(vault: string): Record<string, string> {
  return { 'app.kubernetes.io/name': 'connector', [VAULT_LABEL]: vault, [COMPONENT_LABEL]: 'api' };
}
