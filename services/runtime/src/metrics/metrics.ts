import { DURATION_BUCKETS_SECONDS } from '@cofferdam/contracts';
import type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { AggregationType, MeterProvider } from '@opentelemetry/sdk-metrics';

export type { Counter, Histogram, Meter, ObservableGauge };

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
          options: { boundaries: [...DURATION_BUCKETS_SECONDS] },
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
