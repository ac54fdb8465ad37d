import type { PaymentVault } from '@cofferdam/crds';

/** Of traces that nobody outside has begun, so many are kept. */
const DEFAULT_PERCENT = 1;

/** OpenTelemetry's own variables; without `spec.observability.tracing` there are none, and so no traces. */
export function tracingEnv({ spec }: PaymentVault): Record<string, string> {
  const tracing = spec.observability?.tracing;
  if (tracing === undefined) return {};
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: tracing.endpoint,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: String((tracing.samplingPercent ?? DEFAULT_PERCENT) / 100),
  };
}
