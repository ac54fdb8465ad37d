import type { Statusz } from '@cofferdam/contracts';
import type { Database } from '../database/database.ts';
import type { KafkaAccess } from '../kafka/access.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { kafkaPublisher } from './kafka-publisher.ts';
import { countUnpublished, startRelay } from './relay.ts';

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

/** Starts the relay where there is a broker, and counts what waits. */
export function startOutbox(options: OutboxOptions): Outbox {
  const { database, topic, kafka } = options;
  const relay = kafka
    ? startRelay({ ...options, connect: () => kafkaPublisher({ ...options, access: kafka }) })
    : undefined;
  const unpublished = () => countUnpublished(database, topic);
  options.metrics.meter
    .createObservableGauge('cofferdam_outbox_unpublished', {
      description: 'Events that the broker does not have yet.',
    })
    .addCallback(async (result) => {
      const count = await unpublished().catch(() => undefined);
      if (count !== undefined) result.observe(count);
    });
  return {
    status: async () => ({
      unpublished: await unpublished().catch(() => 0),
      broker: relay?.broker() ?? 'none',
    }),
    close: async () => relay?.close(),
  };
}
