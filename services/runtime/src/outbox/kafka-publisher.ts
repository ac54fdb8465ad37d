import type { Event } from '@cofferdam/contracts';
import type { KafkaAccess } from '../kafka/access.ts';
import { idempotentProducer, type JsonProducer } from '../kafka/producer.ts';
import { traceSend } from '../tracing/kafka.ts';
import type { Tracing } from '../tracing/tracing.ts';

/** Where events go from the outbox. One call at a time. */
export interface EventPublisher {
  /** Resolves when the broker answers and has the topic. */
  check(): Promise<void>;
  /** Resolves when all of them are durable, in this order per subject. After a rejection any part of them may be. */
  publish(events: readonly Event[]): Promise<void>;
  close(): Promise<void>;
}

export interface KafkaOptions {
  /** Asked before every check: what it answers then is used from then on. */
  access: () => Promise<KafkaAccess>;
  topic: string;
  clientId: string;
  /** Absent: no traces. */
  tracing?: Tracing | undefined;
}

/**
 * An idempotent producer: the broker drops what a retry inside the client sends twice. A new producer is made after
 * every failure, because the sequence numbers of one that failed are in doubt; and when the mounted credentials have
 * changed, because an old certificate ends and an old password may be taken back at any time.
 */
export function kafkaPublisher(options: KafkaOptions): EventPublisher {
  let current: { producer: JsonProducer; access: string } | undefined;

  const renewed = async (): Promise<JsonProducer> => {
    const access = await options.access();
    const text = JSON.stringify(access);
    if (current?.access === text) return current.producer;
    const old = current;
    current = { producer: idempotentProducer(access, options.clientId), access: text };
    // Nothing is on its way: every publish was waited for.
    await old?.producer.close(true).catch(() => undefined);
    return current.producer;
  };

  return {
    check: async () => {
      const producer = await renewed();
      await producer.metadata({ topics: [options.topic], forceUpdate: true, retries: 1 });
    },
    publish: async (events) => {
      const producer = current?.producer ?? (await renewed());
      const { topic, tracing } = options;
      await traceSend(tracing, { topic, records: events.length }, () =>
        producer.send({
          messages: events.map((event) => ({
            topic,
            key: event.subject,
            value: event,
            headers: { 'event-type': event.type },
          })),
        }),
      );
    },
    close: async () => {
      await current?.producer.close(true);
    },
  };
}
