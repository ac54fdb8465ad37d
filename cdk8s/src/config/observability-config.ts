import { ObjectName } from '@cofferdam/crds';
import { z } from 'zod';

const CollectorConfig = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/ })
    .describe('OTLP over HTTP, such as `https://otlp.acme.example:4318`.'),
  authorizationSecretRef: z
    .strictObject({ name: ObjectName, key: z.string().min(1).max(253) })
    .optional()
    .describe('What is sent as `Authorization`. Absent: nothing.'),
  intervalSeconds: z.int().min(5).max(600).optional().describe('Seconds between scrapes. Absent: 30.'),
  image: z
    .string()
    .regex(/^\S+@sha256:[0-9a-f]{64}$/, 'expected an image by digest: name@sha256:...')
    .optional()
    .describe("A collector with the redaction processor. Absent: the OpenTelemetry operator's."),
});
export type CollectorConfig = z.infer<typeof CollectorConfig>;

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
  collector: CollectorConfig.optional().describe(
    'An OpenTelemetryCollector that scrapes and sends on, for a cluster with the OpenTelemetry operator. Absent: none.',
  ),
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

const NO_WAY_IN = 'needs vault.network.telemetry.from: the NetworkPolicies let nobody else scrape the pods';

/** Rules that nothing would feed are refused: they would be silent, and look like health. */
export function checkObservability(
  { slos, observability, vault }: Watched,
  context: z.core.$RefinementCtx,
): void {
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (slos?.outboxLag !== undefined && vault.kafka === undefined) {
    refuse(['slos', 'outboxLag'], 'has nothing to measure without vault.kafka: add a broker, or remove it');
  }
  const lacksWayIn = vault.network?.telemetry?.from === undefined;
  if (observability?.collector !== undefined && lacksWayIn) {
    refuse(['observability', 'collector'], NO_WAY_IN);
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
  if (lacksWayIn) refuse(rules, NO_WAY_IN);
}
