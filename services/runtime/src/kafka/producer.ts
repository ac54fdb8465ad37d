import { jsonSerializer, ProduceAcks, Producer, stringSerializer } from '@platformatic/kafka';
import type { KafkaAccess } from './access.ts';
import { kafkaClientOptions } from './client-options.ts';

export type JsonProducer = Producer<string, unknown, string, string>;

/** Of JSON values; the broker drops what a retry inside the client sends twice. Acknowledged by all replicas in sync. */
export function idempotentProducer(access: KafkaAccess, clientId: string): JsonProducer {
  return new Producer<string, unknown, string, string>({
    clientId,
    ...kafkaClientOptions(access),
    idempotent: true,
    acks: ProduceAcks.ALL,
    autocreateTopics: false,
    connectTimeout: 3000,
    requestTimeout: 10_000,
    retries: 3,
    retryDelay: 200,
    serializers: {
      key: stringSerializer,
      value: jsonSerializer,
      headerKey: stringSerializer,
      headerValue: stringSerializer,
    },
  });
}
