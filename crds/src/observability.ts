import { z } from 'zod';
import { BaseUrl } from './names.ts';

export const Observability = z
  .strictObject({
    logLevel: z.enum(['Error', 'Warn', 'Info', 'Debug']).optional().describe('Absent: Info.'),
    serviceMonitor: z
      .strictObject({
        intervalSeconds: z
          .int()
          .min(5)
          .max(600)
          .optional()
          .describe('Seconds between scrapes, 5 to 600. Absent: 30.'),
        labels: z
          .record(z.string().max(317), z.string().max(63))
          .meta({ maxProperties: 16 })
          .optional()
          .describe('Labels by which your Prometheus selects it.'),
      })
      .optional()
      .describe('A ServiceMonitor for each component, where that kind exists. Absent: none.'),
    tracing: z
      .strictObject({
        endpoint: BaseUrl.describe('OTLP over HTTP, such as `http://collector.telemetry.svc:4318`.'),
        samplingPercent: z
          .int()
          .min(0)
          .max(100)
          .optional()
          .describe('Share of the traces that are kept, 0 to 100 percent. Absent: 1.'),
      })
      .optional()
      .describe('OpenTelemetry traces. Absent: none.'),
  })
  .describe('Logs, metrics and traces; none of them ever holds card data.');
export type Observability = z.infer<typeof Observability>;
