import type { Lifecycle } from './lifecycle/lifecycle.ts';
import { createLogger, type LogDestination, type Logger } from './logging/logger.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { observeEventLoop, observeProcess } from './metrics/process.ts';
import { type TracingSettings, tracesEndpoint } from './tracing/settings.ts';
import type { Tracing } from './tracing/tracing.ts';

export interface Telemetry {
  logger: Logger;
  metrics: Metrics;
  /** Absent where nobody has said where spans are to go. */
  tracing: Tracing | undefined;
}

export interface TelemetryOptions {
  service: 'vault' | 'router' | 'connector';
  version: string;
  lifecycle: Lifecycle;
  /** Default: standard output. */
  logTo?: LogDestination;
}

/** Logs, metrics and, where there is a collector, traces. Opened first, and so closed last: a stop is told of, too. */
export async function openTelemetry(
  config: TracingSettings & { LOG_LEVEL: string; POD_NAME: string; VAULT_ID: string },
  { service, version, lifecycle, logTo }: TelemetryOptions,
): Promise<Telemetry> {
  const metrics = createMetrics();
  lifecycle.onClose('metrics', () => metrics.close());
  observeProcess(metrics.meter);
  const eventLoop = observeEventLoop(metrics.meter);
  lifecycle.onClose('event loop delay', () => eventLoop.stop());

  const endpoint = tracesEndpoint(config);
  let tracing: Tracing | undefined;
  const logger = createLogger(
    {
      ...{ service, level: config.LOG_LEVEL, instance: config.POD_NAME },
      ...(endpoint === undefined ? {} : { current: () => tracing?.spanContext }),
    },
    logTo,
  );
  if (endpoint === undefined) return { logger, metrics, tracing };
  const { openTracing } = await import('./tracing/sdk.ts');
  const opened = openTracing({
    ...{ settings: config, endpoint, logger, metrics },
    resource: {
      'service.name': `cofferdam-${service}`,
      'service.namespace': config.VAULT_ID,
      'service.instance.id': config.POD_NAME,
      'service.version': version,
    },
  });
  tracing = opened;
  lifecycle.onClose('traces', () => opened.close());
  return { logger, metrics, tracing: opened };
}
