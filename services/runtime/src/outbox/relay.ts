import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/database.ts';
import { randomId } from '../ids.ts';
import type { Logger } from '../logging/logger.ts';
import type { EventPublisher } from './kafka-publisher.ts';
import { ShardLeases } from './leases.ts';
import { pump } from './pump.ts';
import { openSession, type RelaySession } from './session.ts';

export interface RelayOptions {
  database: Database;
  vaultId: string;
  topic: string;
  /** Called again after every failure. */
  connect: () => EventPublisher;
  logger: Logger;
  /** Who owns what, for a person who looks. A part that is new with every run is added. */
  name?: string;
  onPublished?: (events: number) => void;
  /** Pause when there was nothing to publish. Default 250. */
  pollMs?: number;
  /** Pause after a failure; doubled with the next and with the one after it. Default 1000. */
  retryMs?: number;
  /** Most rows that are looked at in one go. Default 2000. */
  batchSize?: number;
  /** After so long without a sign of life a replica's shards are others'. Default 5000. */
  leaseMs?: number;
  /** Between two signs of life. Default 1000. */
  renewMs?: number;
}

export interface Relay {
  broker(): 'connected' | 'unreachable';
  /** The shards that this replica publishes. */
  owned(): number[];
  close(): Promise<void>;
}

const CHECK_EVERY_MS = 5000;
/** A publish that takes longer has failed: the shards are for others to try. */
const PUBLISH_TIMEOUT_MS = 15_000;
/** How long a publish and the giving up of leases may go on after the end has begun. */
const GRACE_MS = 200;

/**
 * Carries the outbox to the broker, in order per subject, at least once. Subjects are spread over shards, and replicas
 * share the shards by leases. Each shard's progress is a cursor, moved after the broker has acknowledged: a crash
 * between the two repeats a little and loses nothing, as do two owners for a moment. Without a broker events wait in
 * the outbox, nothing is read, and whoever does reach it gets the shards.
 */
export function startRelay(options: RelayOptions): Relay {
  const stopping = new AbortController();
  const { signal } = stopping;
  const { retryMs = 1000 } = options;
  const state: RelayState = { broker: 'unreachable', checkedAt: 0, failures: 0, owned: () => [] };
  // The same for this whole run: after a broken connection our shards are ours again at once.
  const member = `${options.name ?? 'relay'}/${randomId('run')}`;
  const pause = pauseUntil(signal);

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const publisher = bounded(options.connect(), signal);
      try {
        await checkBroker(publisher, state);
        await relayWithSession(options, { publisher, state, signal, member });
      } catch (error) {
        if (state.failures++ === 0 && !signal.aborted)
          options.logger.warn({ err: error }, 'events cannot be published; they wait in the outbox');
        [state.broker, state.checkedAt] = ['unreachable', 0];
      } finally {
        await publisher.close().catch(() => undefined);
      }
      const longer = 2 ** Math.min(2, Math.max(0, state.failures - 1));
      await pause(retryMs * longer * (0.75 + Math.random() / 2));
    }
  };
  const ended = run();
  return {
    broker: () => state.broker,
    owned: () => state.owned(),
    close: async () => {
      stopping.abort();
      await ended;
    },
  };
}

interface RelayState {
  broker: 'connected' | 'unreachable';
  checkedAt: number;
  /** In a row. */
  failures: number;
  owned: () => number[];
}

interface Run {
  publisher: EventPublisher;
  state: RelayState;
  signal: AbortSignal;
  member: string;
}

/** Takes part in the topic until the end, or until the broker or the database fails. */
async function relayWithSession(
  options: RelayOptions,
  { publisher, state, signal, member }: Run,
): Promise<void> {
  const { database, vaultId, topic, pollMs = 250, batchSize = 2000 } = options;
  const session = await openSession(database, topic);
  if (!session) return;
  const leases = new ShardLeases(session, {
    ...{ topic, member },
    leaseMs: options.leaseMs ?? 5000,
  });
  const failed = new AbortController();
  const over = AbortSignal.any([signal, failed.signal]);
  let renewing: Promise<void> | undefined;
  try {
    await leases.prepare();
    await leases.renew();
    state.owned = () => (leases.isValid() ? leases.owned : []);
    renewing = renewUntil(over, leases, options.renewMs ?? 1000).catch((error) => failed.abort(error));
    await pump({
      ...{ vaultId, database: session, leases, publisher, batchSize, pollMs },
      checkBroker: async () => {
        if (await checkBroker(publisher, state)) state.failures = 0; // it has worked for a while
      },
      onPublished: (events) => {
        state.failures = 0;
        options.onPublished?.(events);
      },
      ...{ signal: over, pause: pauseUntil(over) },
    });
    if (failed.signal.aborted) throw failed.signal.reason;
  } finally {
    failed.abort();
    state.owned = () => [];
    await renewing;
    await Promise.race([leave(session, leases), sleep(GRACE_MS, undefined, { ref: false })]);
    session.end();
  }
}

async function renewUntil(over: AbortSignal, leases: ShardLeases, everyMs: number): Promise<void> {
  const pause = pauseUntil(over);
  for (await pause(everyMs); !over.aborted; await pause(everyMs)) await leases.renew();
}

async function leave(session: RelaySession, leases: ShardLeases): Promise<void> {
  if (!session.isLost()) await leases.leave().catch(() => undefined);
}

/**
 * Every few seconds, also while there is much to publish: a rotated credential is taken up by it.
 *
 * @returns whether it was time
 */
async function checkBroker(publisher: EventPublisher, state: RelayState): Promise<boolean> {
  if (performance.now() - state.checkedAt < CHECK_EVERY_MS && state.checkedAt > 0) return false;
  await publisher.check();
  [state.broker, state.checkedAt] = ['connected', performance.now()];
  return true;
}

/**
 * A broker that does not answer keeps nobody from stopping, and no shards from others: what it was being given comes
 * again.
 */
function bounded(publisher: EventPublisher, signal: AbortSignal): EventPublisher {
  const within = (work: Promise<void>): Promise<void> =>
    new Promise((resolve, reject) => {
      const tooLong = new Error(`the broker has not answered for ${PUBLISH_TIMEOUT_MS / 1000} s`);
      const timers = [setTimeout(() => reject(tooLong), PUBLISH_TIMEOUT_MS)];
      const stop = () => void timers.push(setTimeout(() => reject(signal.reason), GRACE_MS));
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      work.then(resolve, reject).finally(() => {
        timers.forEach(clearTimeout);
        signal.removeEventListener('abort', stop);
      });
    });
  return {
    check: () => within(publisher.check()),
    publish: (events) => within(publisher.publish(events)),
    close: () => publisher.close(),
  };
}

function pauseUntil(signal: AbortSignal): (ms: number) => Promise<void> {
  return (ms) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
