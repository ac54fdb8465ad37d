import type { Event } from '@cofferdam/contracts';
import { jsonSerializer, ProduceAcks, Producer, stringSerializer } from '@platformatic/kafka';

/** Where events go from the outbox. */
export interface EventPublisher {
  /** Resolves when the broker answers and has the topic. */
  check(): Promise<void>;
  /** Resolves when all of them are durable, in this order per subject. After a rejection any part of them may be. */
  publish(events: readonly Event[]): Promise<void>;
  close(): Promise<void>;
}

export interface KafkaOptions {
  /** `host:port` each. */
  bootstrapServers: string[];
  topic: string;
  clientId: string;
}

/**
 * An idempotent producer: the broker drops what a retry inside the client sends twice. A new producer is made after
 * every failure, because the sequence numbers of one that failed are in doubt.
 */
export function kafkaPublisher(options: KafkaOptions): EventPublisher {
  const producer = new Producer<string, unknown, string, string>({
    clientId: options.clientId,
    bootstrapBrokers: options.bootstrapServers,
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
  return {
    check: async () => {
      await producer.metadata({ topics: [options.topic], forceUpdate: true, retries: 1 });
    },
    publish: async (events) => {
      await producer.send({
        messages: events.map((event) => ({
          topic: options.topic,
          key: event.subject,
          value: event,
          headers: { 'event-type': event.type },
        })),
      });
    },
    close: () => producer.close(true),
  };
}
