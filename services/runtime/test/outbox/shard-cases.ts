import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  createLogger,
  type EventPublisher,
  type Queryable,
  readEvents,
  START,
  startRelay,
} from '../../src/index.ts';
import { ShardLeases } from '../../src/outbox/leases.ts';
import { pump } from '../../src/outbox/pump.ts';
import { readProgress } from '../../src/outbox/shards.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { append, eventually } from './support.ts';

const TOPIC = 'topic';
const logger = createLogger({ service: 'test', level: 'fatal' });

/** Cases for a suite that has a database with an outbox. */
export function shardCases(database: () => TestDatabase, enders: (() => unknown)[]): void {
  const leases = (member: string, leaseMs: number) =>
    new ShardLeases(database().app, { topic: TOPIC, member, leaseMs });
  const write = async (...subjects: string[]) => {
    for (const subject of subjects)
      await database().app.transaction((transaction) => append(transaction, subject));
  };
  const end = async () =>
    (await readEvents(database().app, { vaultId: 'acme-dev', after: START, limit: 500 })).next;
  const start = (published: string[]) => {
    const connect = (): EventPublisher => ({
      check: async () => undefined,
      publish: async (events) => void published.push(...events.map(({ subject }) => subject)),
      close: async () => undefined,
    });
    const relay = startRelay({
      ...{ database: database().app, vaultId: 'acme-dev', topic: TOPIC, connect, logger },
      ...{ pollMs: 10, retryMs: 10, leaseMs: 1000, renewMs: 20 },
    });
    enders.push(() => relay.close());
    return relay;
  };

  describe('leased shards', () => {
    it('are shared evenly by who is there, and given on by who goes', async () => {
      const published: string[] = [];
      const [a, b] = [start(published), start(published)];
      await eventually(() => [a.owned().length, b.owned().length]).toEqual([8, 8]);
      const c = start(published);
      await eventually(() => [a, b, c].map((relay) => relay.owned().length).toSorted()).toEqual([5, 5, 6]);
      await b.close();
      await eventually(() => new Set([...a.owned(), ...c.owned()]).size).toBe(16);
      const subjects = Array.from({ length: 40 }, (_, i) => `s${i}`);
      await write(...subjects);
      await eventually(() => published.toSorted()).toEqual(subjects.toSorted());
    });

    it('are no longer written by an owner who was taken for dead', async () => {
      const [paused, other] = [leases('paused', 100), leases('other', 60_000)];
      await paused.prepare();
      await paused.renew();
      const reading = paused.beginReading();
      await write('a', 'b');
      const [first] = (await readEvents(database().app, { vaultId: 'acme-dev', after: START, limit: 1 }))
        .events;
      await eventually(() => paused.isValid()).toBe(false);
      await other.renew();
      expect([first?.subject, other.owned.length]).toEqual(['a', 16]);

      // It wakes up with an acknowledgement in its hands.
      paused.hasPublished(reading, await end());
      await paused.save();
      expect(paused.owned).toEqual([]);
      expect(await readProgress(database().app, TOPIC)).toEqual(Array(16).fill(START));

      const awake = leases('paused', 60_000);
      await awake.renew();
      expect([awake.owned, other.beginReading().held.size]).toEqual([[], 16]);
      await other.renew(); // now there are two
      await other.giveUpSurplus();
      await awake.renew();
      expect([awake.owned.length, other.owned.length]).toEqual([8, 8]);
    });
  });

  describe('a lease that lapses for a moment', () => {
    it('leaves no hole where something had been read and was not published', async () => {
      await write('x', 'x', 'x', 'x');
      let lookMs = 0;
      const slow: Queryable = {
        query: async (statement) => {
          if (statement.name === 'outbox-look') await sleep(lookMs);
          return database().app.query(statement);
        },
      };
      const lease = new ShardLeases(slow, { topic: TOPIC, member: 'late', leaseMs: 400 });
      await lease.prepare();
      const sequences: number[] = [];
      const renewed = Promise.withResolvers<void>();
      const publish: EventPublisher['publish'] = async (events) => {
        sequences.push(...events.map(({ sequence }) => sequence));
        if (sequences.length > 1) return;
        // The renewal is sent in time, and answered after the lease before it has ended.
        await sleep(250);
        lookMs = 230;
        renewed.resolve(lease.renew());
        while (lease.isValid()) await sleep(5);
      };
      const stop = new AbortController();
      enders.push(() => stop.abort());
      await lease.renew();
      const pumping = pump({
        ...{ vaultId: 'acme-dev', database: slow, leases: lease, batchSize: 1, pollMs: 10 },
        publisher: { publish, check: async () => undefined, close: async () => undefined },
        ...{ checkBroker: async () => undefined, onPublished: () => undefined },
        ...{ signal: stop.signal, pause: (ms: number) => sleep(ms) },
      });
      await renewed.promise;
      await sleep(100);
      lookMs = 0;
      await eventually(async () => {
        await lease.renew();
        return sequences.at(-1);
      }).toBe(4);
      stop.abort();
      await pumping;
      expect([...new Set(sequences)]).toEqual([1, 2, 3, 4]);
    });
  });

  describe('beside the release before', () => {
    const oneCursor = async () => {
      const { rows } = await database().owner.query({
        text: 'SELECT horizon::text, position::text FROM outbox_relay WHERE topic = $1',
        values: [TOPIC],
      });
      return rows[0];
    };

    it('waits for the lock of its relay, and goes on where that has stopped', async () => {
      const older = await database().owner.session();
      let release = () => older.release(true);
      enders.push(() => release());
      await older.client.query({
        text: 'SELECT pg_advisory_lock(hashtextextended($1, 0))',
        values: [TOPIC],
      });
      await write('by the older', 'next');
      const published: string[] = [];
      start(published);
      // The older one publishes and notes, knowing nothing of shards that may have been made before.
      await leases('x', 1).prepare();
      const { events, next } = await readEvents(database().app, {
        vaultId: 'acme-dev',
        after: START,
        limit: 1,
      });
      expect([events[0]?.subject, published]).toEqual(['by the older', []]);
      await database().owner.query({
        text: 'INSERT INTO outbox_relay VALUES ($1, $2::xid8, $3)',
        values: [TOPIC, next.horizon, next.position],
      });
      release();
      release = () => undefined;
      await eventually(() => published).toEqual(['next']);
      const shared = await database().owner.query({
        text: 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS owned',
        values: [TOPIC],
      });
      expect(shared.rows).toEqual([{ owned: false }]);
    });

    it('keeps its cursor where all shards have come to, for a rollback', async () => {
      const published: string[] = [];
      start(published);
      await write('a', 'b', 'c');
      await eventually(() => published).toEqual(['a', 'b', 'c']);
      const last = await end();
      await eventually(oneCursor).toEqual(last);
    });
  });
}
