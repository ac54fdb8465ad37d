import { SpanKind } from '@opentelemetry/api';
import type { Tracing } from './tracing.ts';

/**
 * Gives records to a topic, in a span where there are traces. It is nobody's child: what is sent together was written by
 * many requests, some time ago.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
 */
export function traceSend<T>(
  tracing: Tracing | undefined,
  { topic, records }: { topic: string; records: number },
  send: () => Promise<T>,
): Promise<T> {
  if (tracing === undefined) return send();
  return tracing.inSpan(
    `send ${topic}`,
    {
      kind: SpanKind.PRODUCER,
      root: true,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
        'messaging.destination.name': topic,
        'messaging.batch.message_count': records,
      },
    },
    send,
  );
}
