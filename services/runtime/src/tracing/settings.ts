import { z } from 'zod';

const url = z.url({ protocol: /^https?$/ });
const count = z.coerce.number().int().min(1);

/**
 * OpenTelemetry's own variables, as far as we act on them; `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`, `_COMPRESSION` and
 * `_CERTIFICATE` are read by the exporter itself.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export const tracingSettings = {
  OTEL_SDK_DISABLED: z.enum(['true', 'false']).default('false').describe('true: no traces'),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none']).default('otlp').describe('otlp or none'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url
    .optional()
    .describe('base URL of an OTLP receiver, such as http://localhost:4318'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url
    .optional()
    .describe('URL of an OTLP receiver of traces, used as it is'),
  OTEL_EXPORTER_OTLP_PROTOCOL: z.literal('http/protobuf').optional().describe('http/protobuf'),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: z.literal('http/protobuf').optional().describe('http/protobuf'),
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_on')
    .describe('such as parentbased_traceidratio'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('share of the traces that are kept, 0 to 1'),
  OTEL_BSP_SCHEDULE_DELAY: count.max(60_000).default(5000).describe('milliseconds between two exports'),
  OTEL_BSP_MAX_QUEUE_SIZE: count
    .max(65_536)
    .default(2048)
    .describe('spans that wait to be exported; more are dropped'),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: count.max(65_536).default(512).describe('spans in one export'),
  OTEL_SERVICE_NAME: z.string().optional().describe('service.name of the spans'),
  OTEL_RESOURCE_ATTRIBUTES: z
    .string()
    .optional()
    .describe('key=value pairs of the spans, separated by commas'),
};
export type TracingSettings = z.infer<z.ZodObject<typeof tracingSettings>>;

/** Where spans go; undefined when nobody has asked for them. */
export function tracesEndpoint(settings: TracingSettings): string | undefined {
  if (settings.OTEL_SDK_DISABLED === 'true' || settings.OTEL_TRACES_EXPORTER === 'none') return undefined;
  const base = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  return (
    settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ??
    (base === undefined ? undefined : `${base.replace(/\/$/, '')}/v1/traces`)
  );
}
