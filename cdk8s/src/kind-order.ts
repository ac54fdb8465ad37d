interface Place {
  /**
   * The first two digits of the file's name: files in the order of their names can be applied one after the other, and
   * `kubectl apply -f` waits for nothing.
   */
  readonly rank: number;
  /** When Argo CD applies it; undefined for what is applied by hand, and so never part of a sync. */
  readonly wave?: number;
}

/**
 * What must be there before what, for every kind that is rendered: the one table of it.
 *
 * Argo CD waits until a wave is healthy, and deletes in the reverse order: connectors and the gateway (no more
 * traffic), the vault, and only then the operator, which has to be there to take its finalizers off them, and has to
 * have its rights until then. Where nothing waits, as with kubectl, a gateway or a rule does no harm before the vault.
 */
const PLACES: Readonly<Record<string, Place>> = {
  AppProject: { rank: 0 },
  Namespace: { rank: 0, wave: -3 },
  CustomResourceDefinition: { rank: 10, wave: -3 },
  ResourceQuota: { rank: 15, wave: -2 },
  LimitRange: { rank: 15, wave: -2 },
  ServiceAccount: { rank: 20, wave: -2 },
  ClusterRole: { rank: 30, wave: -2 },
  Role: { rank: 30, wave: -2 },
  ClusterRoleBinding: { rank: 40, wave: -2 },
  RoleBinding: { rank: 40, wave: -2 },
  NetworkPolicy: { rank: 45, wave: -2 },
  ConfigMap: { rank: 50, wave: -2 },
  // The Secrets are waited for, and a Service needs none.
  ExternalSecret: { rank: 55, wave: -1 },
  Service: { rank: 60, wave: -2 },
  PodDisruptionBudget: { rank: 65, wave: 0 },
  Deployment: { rank: 70, wave: 0 },
  Gateway: { rank: 75, wave: 2 },
  ServiceMonitor: { rank: 80, wave: 0 },
  PrometheusRule: { rank: 80, wave: 0 },
  // Its pods mount the authority that the operator writes for the vault.
  OpenTelemetryCollector: { rank: 80, wave: 2 },
  PaymentVault: { rank: 80, wave: 1 },
  PSPConnector: { rank: 90, wave: 2 },
  ApplicationSet: { rank: 90 },
};

/** The place of a kind in the order of applying; undefined for one that is not rendered. */
export function rankOf(kind: string): number | undefined {
  return PLACES[kind]?.rank;
}

/** @throws for a kind that nobody gave a wave: Argo CD would take 0, which may be wrong in silence */
export function waveOf(kind: string): number {
  const wave = PLACES[kind]?.wave;
  if (wave === undefined) throw new Error(`${kind} has no wave (kind-order.ts)`);
  return wave;
}
