import { z } from 'zod';

/** `observability` of `environments/<env>/config.yaml`: what is rendered for whoever watches the environment. */
export const ObservabilityConfig = z.strictObject({
  prometheusRules: z
    .boolean()
    .describe("The alerts on `slos`, for a cluster with the Prometheus operator's CRDs."),
  labels: z
    .record(z.string().max(317), z.string().max(63))
    .optional()
    .describe('Labels by which your Prometheus selects its rules, such as `release: prometheus`.'),
  dashboards: z
    .boolean()
    .describe("Dashboards as ConfigMaps with the label `grafana_dashboard`, for Grafana's sidecar."),
});
export type ObservabilityConfig = z.infer<typeof ObservabilityConfig>;

/** What has to fit together, of an environment's configuration. */
interface Watched {
  readonly slos?: { readonly outboxLag?: unknown } | undefined;
  readonly observability?: ObservabilityConfig | undefined;
  readonly vault: {
    readonly kafka?: unknown;
    readonly observability?: { readonly serviceMonitor?: unknown } | undefined;
    readonly network?: { readonly telemetry?: { readonly from?: unknown } | undefined } | undefined;
  };
}

/** Rules that nothing would feed are refused: they would be silent, and look like health. */
export function checkObservability(
  { slos, observability, vault }: Watched,
  context: z.core.$RefinementCtx,
): void {
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (slos?.outboxLag !== undefined && vault.kafka === undefined) {
    refuse(['slos', 'outboxLag'], 'has nothing to measure without vault.kafka: add a broker, or remove it');
  }
  if (!observability?.prometheusRules) return;
  const rules = ['observability', 'prometheusRules'];
  if (slos === undefined) refuse(rules, 'has nothing to render without slos');
  if (vault.observability?.serviceMonitor === undefined) {
    refuse(
      rules,
      'needs vault.observability.serviceMonitor: without it Prometheus has no series of the vault',
    );
  }
  if (vault.network?.telemetry?.from === undefined) {
    refuse(rules, 'needs vault.network.telemetry.from: the NetworkPolicies let nobody else scrape the pods');
  }
}
