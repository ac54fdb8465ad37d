import type { Statusz } from '@cofferdam/contracts';
import type { Database } from '../database/database.ts';
import type { KafkaAccess } from '../kafka/access.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { kafkaPublisher } from './kafka-publisher.ts';
import { countUnpublished, oldestUnpublishedSeconds, startRelay } from './relay.ts';

export interface OutboxOptions {
  database: Database;
  vaultId: string;
  /** The brokers; without them events stay in the outbox and the feed. */
  kafka: (() => Promise<KafkaAccess>) | undefined;
  topic: string;
  clientId: string;
  logger: Logger;
  metrics: Metrics;
}

export interface Outbox {
  status(): Promise<NonNullable<Statusz['outbox']>>;
  close(): Promise<void>;
}

/** Starts the relay where there is a broker, and measures what waits. */
export function startOutbox(options: OutboxOptions): Outbox {
  const { database, topic, kafka } = options;
  const relay = kafka
    ? startRelay({ ...options, connect: () => kafkaPublisher({ ...options, access: kafka }) })
    : undefined;
  const unpublished = () => countUnpublished(database, topic);
  const gauge = (name: string, description: string, read: () => Promise<number>) =>
    options.metrics.meter.createObservableGauge(name, { description }).addCallback(async (result) => {
      const value = await read().catch(() => undefined);
      if (value !== undefined) result.observe(value);
    });
  gauge('cofferdam_outbox_unpublished', 'Events that the broker does not have yet.', unpublished);
  if (relay !== undefined) {
    gauge(
      'cofferdam_outbox_oldest_unpublished_age_seconds',
      'For how long the event that the broker gets next has waited.',
      () => oldestUnpublishedSeconds(database, topic),
    );
  }
  return {
    status: async () => ({
      unpublished: await unpublished().catch(() => 0),
      broker: relay?.broker() ?? 'none',
    }),
    close: async () => relay?.close(),
  };
}
