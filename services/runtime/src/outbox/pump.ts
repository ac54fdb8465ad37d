import type { Queryable } from '../database/database.ts';
import type { EventPublisher } from './kafka-publisher.ts';
import type { Reading, ShardLeases } from './leases.ts';
import { readShards, type ShardEvent, type ShardPage } from './read.ts';

export interface PumpOptions {
  vaultId: string;
  database: Queryable;
  leases: ShardLeases;
  publisher: EventPublisher;
  batchSize: number;
  pollMs: number;
  /** Before every round; throws when the broker is away. */
  checkBroker: () => Promise<void>;
  onPublished: (events: number) => void;
  signal: AbortSignal;
  pause: (ms: number) => Promise<void>;
}

/** A broker takes batches of one megabyte by default, and making one should not hold up the event loop. */
const SEND = { events: 500, bytes: 400_000 };
/** A crash repeats what was published in this time. */
const SAVE_EVERY_MS = 200;
/** Between two rounds that were not full: one send then carries many events, when they come in a stream. */
const LINGER_MS = 20;

type Batch = ShardPage & { reading: Reading };

/**
 * Carries what is committed in our shards to the broker until the signal ends it. While a batch is being published,
 * the next is read; one send at a time, because a producer that lost one would not keep the order with the next.
 */
export async function pump(options: PumpOptions): Promise<void> {
  const { leases, signal, pause, pollMs } = options;
  let ahead: Promise<Batch> | undefined;
  let savedAt = 0;
  while (!signal.aborted) {
    await options.checkBroker();
    if (!leases.isValid()) {
      leases.startOver();
      await ahead;
      ahead = undefined;
      await pause(pollMs);
      continue;
    }
    const batch = await (ahead ?? readNext(options));
    ahead = batch.full ? readNext(options) : undefined;
    ahead?.catch(() => undefined); // it is awaited in the next round, unless this one fails
    await publish(batch, options);
    const wait = batch.full ? 0 : batch.events.length > 0 ? LINGER_MS : pollMs;
    if (wait === pollMs || performance.now() - savedAt >= SAVE_EVERY_MS) {
      await leases.save();
      savedAt = performance.now();
    }
    await leases.giveUpSurplus();
    if (wait > 0) await pause(wait);
  }
}

async function readNext({ database, vaultId, leases, batchSize }: PumpOptions): Promise<Batch> {
  const reading = leases.beginReading();
  const page = await readShards(database, { vaultId, cursors: reading.cursors, limit: batchSize });
  if (page.next) leases.hasRead(reading, page.next);
  return { ...page, reading };
}

async function publish({ events, next, reading }: Batch, options: PumpOptions): Promise<void> {
  const { leases, publisher, onPublished } = options;
  for (const part of parts(events)) {
    if (!leases.isValid()) return leases.startOver();
    const ours = part.filter(({ shard }) => leases.owns(shard, reading)).map(({ event }) => event);
    if (ours.length === 0) continue;
    await publisher.publish(ours);
    onPublished(ours.length);
  }
  if (next) leases.hasPublished(reading, next);
}

/** In the same order, cut to what one send may carry. */
function* parts(events: readonly ShardEvent[]): Generator<ShardEvent[]> {
  let part: ShardEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    if (part.length === SEND.events || (part.length > 0 && bytes + event.bytes > SEND.bytes)) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(event);
    bytes += event.bytes;
  }
  if (part.length > 0) yield part;
}
