import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Queryable } from '../database/database.ts';
import type { Logger } from '../logging/logger.ts';
import type { EventPublisher } from './kafka-publisher.ts';
import { type Cursor, readEvents, START } from './read.ts';

export interface RelayOptions {
  database: Database;
  vaultId: string;
  topic: string;
  /** Called again after every failure. */
  connect: () => EventPublisher;
  logger: Logger;
  /** Pause when there was nothing to publish. Default 250. */
  pollMs?: number;
  /** Pause after a failure and between tries for the lease. Default 2000. */
  retryMs?: number;
  batchSize?: number;
}

const CHECK_EVERY_MS = 5000;

export interface Relay {
  broker(): 'connected' | 'unreachable';
  close(): Promise<void>;
}

/**
 * Carries the outbox to the broker, in order, at least once. Among all replicas one owns the lease: an advisory lock of
 * a database session, which ends with its connection. Progress is one cursor, moved after the broker has acknowledged:
 * a crash between the two repeats a batch, and loses nothing. Two owners for a moment (a session that died unnoticed)
 * repeat too. Without a broker events wait in the outbox and the feed works.
 */
export function startRelay(options: RelayOptions): Relay {
  const stopping = new AbortController();
  const { signal } = stopping;
  const state: RelayState = { broker: 'unreachable', checkedAt: 0 };
  const pause = (ms: number) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);

  const run = async (): Promise<void> => {
    let reported = false;
    while (!signal.aborted) {
      const publisher = stoppable(options.connect(), signal);
      try {
        while (!signal.aborted) {
          await checkBroker(publisher, state);
          reported = false;
          await withLease(options, async (session, isLost) => {
            while (!signal.aborted && !isLost()) {
              if ((await publishNext(session, publisher, options)) > 0) continue;
              await pause(options.pollMs ?? 250);
              await checkBroker(publisher, state);
            }
          });
          await pause(options.retryMs ?? 2000);
        }
      } catch (error) {
        if (!reported && !signal.aborted)
          options.logger.warn({ err: error }, 'events cannot be published; they wait in the outbox');
        [reported, state.broker, state.checkedAt] = [true, 'unreachable', 0];
      } finally {
        await publisher.close().catch(() => undefined);
      }
      await pause(options.retryMs ?? 2000);
    }
  };
  const ended = run();
  return {
    broker: () => state.broker,
    close: async () => {
      stopping.abort();
      await ended;
    },
  };
}

/** A broker that does not answer keeps nobody from stopping: what it was being given comes again. */
function stoppable(publisher: EventPublisher, signal: AbortSignal): EventPublisher {
  const orStop = (work: Promise<void>): Promise<void> =>
    new Promise((resolve, reject) => {
      const stop = () => reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  return {
    check: () => orStop(publisher.check()),
    publish: (events) => orStop(publisher.publish(events)),
    close: () => publisher.close(),
  };
}

interface RelayState {
  broker: 'connected' | 'unreachable';
  checkedAt: number;
}

/** Every few seconds, by whoever owns the lease and whoever waits for it: each replica reports what it sees. */
async function checkBroker(publisher: EventPublisher, state: RelayState): Promise<void> {
  if (performance.now() - state.checkedAt < CHECK_EVERY_MS && state.checkedAt > 0) return;
  await publisher.check();
  [state.broker, state.checkedAt] = ['connected', performance.now()];
}

/** Runs the work while this process owns the topic's lease; returns at once when another does. */
async function withLease(
  { database, topic }: RelayOptions,
  work: (session: Queryable, isLost: () => boolean) => Promise<void>,
): Promise<void> {
  const { client, release } = await database.session();
  let lost = false;
  client.on('error', () => {
    lost = true;
  });
  try {
    const { rows } = await client.query<{ owned: boolean }>({
      text: 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS owned',
      values: [topic],
    });
    if (rows[0]?.owned) await work(client, () => lost);
  } finally {
    release(true); // ends the session, and the lease with it
  }
}

/** @returns how many events were published */
async function publishNext(
  session: Queryable,
  publisher: EventPublisher,
  options: RelayOptions,
): Promise<number> {
  const after = await readProgress(session, options.topic);
  const { events, next } = await readEvents(session, {
    vaultId: options.vaultId,
    after,
    limit: options.batchSize ?? 500,
  });
  if (events.length === 0) return 0;
  await publisher.publish(events);
  await saveProgress(session, options.topic, next);
  return events.length;
}

async function readProgress(session: Queryable, topic: string): Promise<Cursor> {
  const { rows } = await session.query<{ horizon: string; position: string }>({
    name: 'outbox-progress',
    text: 'SELECT horizon::text, position::text FROM outbox_relay WHERE topic = $1',
    values: [topic],
  });
  return rows[0] ?? START;
}

async function saveProgress(session: Queryable, topic: string, cursor: Cursor): Promise<void> {
  await session.query({
    name: 'outbox-save-progress',
    text: `INSERT INTO outbox_relay (topic, horizon, position) VALUES ($1, $2::xid8, $3)
           ON CONFLICT (topic) DO UPDATE SET horizon = excluded.horizon, position = excluded.position`,
    values: [topic, cursor.horizon, cursor.position],
  });
}

/** How many events the broker does not have yet; counted up to a bound. */
export async function countUnpublished(database: Queryable, topic: string, bound = 10_000): Promise<number> {
  const { rows } = await database.query<{ count: number }>({
    name: 'outbox-unpublished',
    text: `SELECT count(*)::int AS count FROM (
             SELECT 1 FROM outbox
             WHERE (horizon, position) > (
               coalesce((SELECT horizon FROM outbox_relay WHERE topic = $1), '0'::xid8),
               coalesce((SELECT position FROM outbox_relay WHERE topic = $1), 0))
             LIMIT $2) AS waiting`,
    values: [topic, bound],
  });
  return rows[0]?.count ?? 0;
}

/** For how long the event that the broker gets next has waited, seconds; 0 when none waits. */
export async function oldestUnpublishedSeconds(database: Queryable, topic: string): Promise<number> {
  const { rows } = await database.query<{ seconds: number }>({
    name: 'outbox-oldest-unpublished',
    // The event's time is its writer's clock, which may be a little ahead of the database's.
    text: `SELECT greatest(0, extract(epoch FROM now() - time))::float8 AS seconds FROM outbox
           WHERE (horizon, position) > (
             coalesce((SELECT horizon FROM outbox_relay WHERE topic = $1), '0'::xid8),
             coalesce((SELECT position FROM outbox_relay WHERE topic = $1), 0))
           ORDER BY outbox.horizon, outbox.position
           LIMIT 1`,
    values: [topic],
  });
  return rows[0]?.seconds ?? 0;
}
