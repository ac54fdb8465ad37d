import type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { AggregationType, MeterProvider } from '@opentelemetry/sdk-metrics';

export type { Counter, Histogram, Meter, ObservableGauge };

/** Buckets in seconds: a vault's write is a few milliseconds, a PSP's answer a few seconds. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface Metrics {
  /** For a service's own instruments; every name is in docs/metrics.md. */
  readonly meter: Meter;
  readonly requestDuration: Histogram;
  /** The Prometheus text format, version 0.0.4. */
  text(): Promise<string>;
  close(): Promise<void>;
}

/**
 * OpenTelemetry instruments, read by Prometheus at `/metrics` of the service's own port. Instruments bear their
 * Prometheus names, units included: the serializer appends none, and dashboards should meet the usual ones.
 */
export function createMetrics(): Metrics {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({
    readers: [exporter],
    views: [
      {
        instrumentName: '*_duration_seconds',
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: DURATION_BUCKETS },
        },
      },
    ],
  });
  const meter = provider.getMeter('cofferdam');
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  return {
    meter,
    requestDuration: meter.createHistogram('http_server_request_duration_seconds', {
      description: 'Duration of HTTP requests, by route, method and status.',
    }),
    text: async () => serializer.serialize((await exporter.collect()).resourceMetrics),
    close: () => provider.shutdown(),
  };
}
