import type { Link } from '@opentelemetry/api';
import {
  type ExportResult,
  ExportResultCode,
  parseKeyPairsIntoRecord,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { TracingSettings } from './settings.ts';
import { isPlain, Tracing } from './tracing.ts';

export interface TracingOptions {
  settings: TracingSettings;
  endpoint: string;
  /** `service.name`, `service.version` and what else says whose spans they are. */
  resource: Record<string, string>;
  logger: Logger;
  metrics: Metrics;
}

/** A stop waits so long for what is left to be sent: a collector that is away must not use up the pod's grace period. */
const CLOSE_MS = 2000;
/** Of a batch that was committed together: a link for each of its requests. */
const MOST_LINKS = 256;

/**
 * The SDK, in a module of its own: it is loaded only where there is a collector. Spans wait in a bounded queue and are
 * sent beside the requests; what does not fit, or cannot be sent, is lost and counted.
 */
export function openTracing({ settings, endpoint, resource, logger, metrics }: TracingOptions): Tracing {
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes(resource))
      .merge(resourceFromAttributes(parseKeyPairsIntoRecord(settings.OTEL_RESOURCE_ATTRIBUTES)))
      .merge(
        resourceFromAttributes(
          settings.OTEL_SERVICE_NAME ? { 'service.name': settings.OTEL_SERVICE_NAME } : {},
        ),
      ),
    sampler: withSampledLinks(samplerOf(settings)),
    idGenerator: plainIds(new RandomIdGenerator()),
    spanLimits: { linkCountLimit: MOST_LINKS },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: reporting(new OTLPTraceExporter({ url: endpoint }), { logger, metrics }),
        scheduledDelayMillis: settings.OTEL_BSP_SCHEDULE_DELAY,
        maxQueueSize: settings.OTEL_BSP_MAX_QUEUE_SIZE,
        maxExportBatchSize: Math.min(
          settings.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
          settings.OTEL_BSP_MAX_QUEUE_SIZE,
        ),
      }),
    ],
  });
  let closed: Promise<void> | undefined;
  return new Tracing({
    tracer: provider.getTracer('cofferdam'),
    propagator: new W3CTraceContextPropagator(),
    close: () => {
      closed ??= withinLimit(provider.shutdown().catch(() => undefined));
      return closed;
    },
  });
}

function withinLimit(work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, CLOSE_MS);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function samplerOf({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: share }: TracingSettings): Sampler {
  const root = name.endsWith('always_on')
    ? new AlwaysOnSampler()
    : name.endsWith('always_off')
      ? new AlwaysOffSampler()
      : new TraceIdRatioBasedSampler(share);
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

/** What is done for several requests together is kept when one of them is: it belongs to none of their traces. */
function withSampledLinks(sampler: Sampler): Sampler {
  return {
    shouldSample: (...args) => {
      const links: Link[] = args[5];
      if (links.length === 0) return sampler.shouldSample(...args);
      const kept = links.some(({ context }) => (context.traceFlags & 1) === 1);
      return { decision: kept ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
    },
    toString: () => `WithSampledLinks(${sampler})`,
  };
}

/** Ids that a log line holds as they are. */
function plainIds(random: IdGenerator): IdGenerator {
  const plain = (draw: () => string): string => {
    let id = draw();
    while (!isPlain(id)) id = draw();
    return id;
  };
  return {
    generateTraceId: () => plain(() => random.generateTraceId()),
    generateSpanId: () => plain(() => random.generateSpanId()),
  };
}

/** Counts what was sent and what was lost, and logs the first failure of a row. */
function reporting(
  inner: SpanExporter,
  { logger, metrics }: Pick<TracingOptions, 'logger' | 'metrics'>,
): SpanExporter {
  const spans = metrics.meter.createCounter('cofferdam_spans_exported', {
    description: 'Spans that were given to the collector, by outcome.',
  });
  let failing = false;
  return {
    export: (batch, done) =>
      inner.export(batch, (result: ExportResult) => {
        const failed = result.code !== ExportResultCode.SUCCESS;
        spans.add(batch.length, { outcome: failed ? 'failed' : 'ok' });
        if (failed && !failing) logger.warn({ err: result.error }, 'traces cannot be exported');
        failing = failed;
        // A failure is told here alone; the SDK would write it to standard error, each time.
        done({ code: ExportResultCode.SUCCESS });
      }),
    shutdown: () => inner.shutdown(),
    ...(inner.forceFlush ? { forceFlush: () => inner.forceFlush?.() ?? Promise.resolve() } : {}),
  };
}
