/**
 * In which wave Argo CD applies a kind: what others need comes first. It waits until a wave is healthy, and deletes in
 * the reverse order: connectors and the gateway (no more traffic), the vault, and only then the operator, which has to
 * be there to take its finalizers off them, and has to have its rights until then.
 */
const WAVES: Readonly<Record<string, number>> = {
  Namespace: -3,
  CustomResourceDefinition: -3,
  ResourceQuota: -2,
  LimitRange: -2,
  ServiceAccount: -2,
  ClusterRole: -2,
  Role: -2,
  ClusterRoleBinding: -2,
  RoleBinding: -2,
  NetworkPolicy: -2,
  ConfigMap: -2,
  Service: -2,
  ExternalSecret: -1,
  PodDisruptionBudget: 0,
  Deployment: 0,
  ServiceMonitor: 0,
  PrometheusRule: 0,
  PaymentVault: 1,
  PSPConnector: 2,
  Gateway: 2,
  // Its pods mount the authority that the operator writes for the vault.
  OpenTelemetryCollector: 2,
};

/** @throws for a kind that nobody gave a wave: Argo CD would take 0, which may be wrong in silence */
export function waveOf(kind: string): number {
  const wave = WAVES[kind];
  if (wave === undefined) throw new Error(`${kind} has no wave (WAVES)`);
  return wave;
}
