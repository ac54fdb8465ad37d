import type { Logger } from '../logging/logger.ts';
import { traceSend } from '../tracing/kafka.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { KafkaAccess } from './access.ts';
import { idempotentProducer, type JsonProducer } from './producer.ts';

export interface JsonRecord {
  key: string;
  value: unknown;
}

/** Gives records to a topic, in order, as soon as the broker takes them. */
export interface JsonPublisher {
  /** Never waits and never throws. */
  add(record: JsonRecord): void;
  /** How many the broker has not acknowledged. */
  waiting(): number;
  /** Sends what waits; what cannot be sent stays. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const MOST_WAITING = 10_000;

/**
 * For what does not go through an outbox, because the database is not to be trusted with it. What waits is in memory:
 * without a broker the newest {@link MOST_WAITING} records are kept, and lost with the process.
 */
export function jsonPublisher(options: {
  /** Asked again after every failure. */
  access: () => Promise<KafkaAccess>;
  topic: string;
  clientId: string;
  logger: Logger;
  /** Absent: no traces. */
  tracing?: Tracing | undefined;
}): JsonPublisher {
  const { topic, clientId, logger, tracing } = options;
  const records: JsonRecord[] = [];
  let producer: JsonProducer | undefined;
  let reported = false;
  let flushing: Promise<void> | undefined;

  const send = async (): Promise<void> => {
    producer ??= idempotentProducer(await options.access(), clientId);
    const current = producer;
    for (let batch = records.slice(0, 500); batch.length > 0; batch = records.slice(0, 500)) {
      await traceSend(tracing, { topic, records: batch.length }, () =>
        current.send({ messages: batch.map((record) => ({ topic, ...record })) }),
      );
      // By identity: the oldest may have been dropped meanwhile.
      for (const sent of batch) if (records[0] === sent) records.shift();
    }
    reported = false;
  };
  const trySend = async (): Promise<void> => {
    try {
      await send();
    } catch (error) {
      if (!reported) logger.warn({ err: error, topic }, 'records cannot be published; they wait in memory');
      reported = true;
      await producer?.close(true).catch(() => undefined);
      producer = undefined;
    }
  };
  const flush = (): Promise<void> => {
    if (records.length === 0) return flushing ?? Promise.resolve();
    flushing ??= trySend().finally(() => {
      flushing = undefined;
    });
    return flushing;
  };
  return {
    add: (record) => {
      records.push(record);
      if (records.length > MOST_WAITING) records.shift();
    },
    waiting: () => records.length,
    flush,
    close: async () => {
      await flush();
      await producer?.close(true).catch(() => undefined);
    },
  };
}
