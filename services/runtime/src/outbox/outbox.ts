import { setTimeout as sleep } from 'node:timers/promises';
import type { Statusz } from '@cofferdam/contracts';
import type { Database } from '../database/database.ts';
import type { KafkaAccess } from '../kafka/access.ts';
import { every } from '../lifecycle/every.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { kafkaPublisher } from './kafka-publisher.ts';
import { countUnpublished, oldestUnpublishedSeconds } from './lag.ts';
import { pruneEvents } from './prune.ts';
import { type Relay, startRelay } from './relay.ts';

export interface OutboxOptions {
  database: Database;
  vaultId: string;
  /** The brokers; without them events stay in the outbox and the feed. */
  kafka: (() => Promise<KafkaAccess>) | undefined;
  topic: string;
  clientId: string;
  /** How long events stay for the feed. */
  retentionHours: number;
  /** Whether the schema is there. */
  isReady: () => boolean;
  logger: Logger;
  metrics: Metrics;
  /** Absent: no traces. */
  tracing?: Tracing | undefined;
}

export interface Outbox {
  status(): Promise<NonNullable<Statusz['outbox']>>;
  close(): Promise<void>;
}

const PRUNE_EVERY_MS = 10_000;
const PRUNE_BATCH = 2000;
/** Between two batches: others want the disk, too. */
const PRUNE_PAUSE_MS = 20;

/** Starts the relay where there is a broker, removes what is old, and measures what waits. */
export function startOutbox(options: OutboxOptions): Outbox {
  const { database, topic, kafka, metrics } = options;
  const published = metrics.meter.createCounter('cofferdam_outbox_published', {
    description: 'Events that this replica gave the broker, repetitions included.',
  });
  const relay = kafka
    ? startRelay({
        ...options,
        name: options.clientId,
        connect: () => kafkaPublisher({ ...options, access: kafka }),
        onPublished: (events) => published.add(events),
      })
    : undefined;
  const pruning = startPruning(options);
  observe(options, relay);
  return {
    status: async () => ({
      unpublished: await countUnpublished(database, topic).catch(() => 0),
      broker: relay?.broker() ?? 'none',
    }),
    close: async () => {
      pruning.stop();
      await relay?.close();
    },
  };
}

function startPruning(options: OutboxOptions): { stop(): void } {
  const { database, kafka, retentionHours, logger } = options;
  const topic = kafka ? options.topic : undefined;
  let stopped = false;
  const task = every(PRUNE_EVERY_MS, { name: 'remove old events', logger }, async () => {
    if (!options.isReady()) return;
    const step = () => pruneEvents(database, { topic, retentionHours, batchSize: PRUNE_BATCH });
    while (!stopped && (await step()) === PRUNE_BATCH) await sleep(PRUNE_PAUSE_MS, undefined, { ref: false });
  });
  return {
    stop: () => {
      stopped = true;
      task.stop();
    },
  };
}

function observe({ database, topic, metrics }: OutboxOptions, relay: Relay | undefined): void {
  const gauge = (name: string, description: string, read: () => Promise<number>) =>
    metrics.meter.createObservableGauge(name, { description }).addCallback(async (result) => {
      const value = await read().catch(() => undefined);
      if (value !== undefined) result.observe(value);
    });
  gauge('cofferdam_outbox_unpublished', 'Events that the broker does not have yet.', () =>
    countUnpublished(database, topic),
  );
  if (!relay) return;
  gauge(
    'cofferdam_outbox_oldest_unpublished_age_seconds',
    'For how long the event that the broker gets next has waited.',
    () => oldestUnpublishedSeconds(database, topic),
  );
  metrics.meter
    .createObservableGauge('cofferdam_outbox_shard_owned', {
      description: '1 for each shard of the outbox that this replica publishes.',
    })
    .addCallback((result) => {
      for (const shard of relay.owned()) result.observe(1, { shard });
    });
}
