import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '@cofferdam/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  type Cursor,
  countUnpublished,
  createLogger,
  createMetrics,
  type EventPublisher,
  oldestUnpublishedSeconds,
  readEvents,
  START,
  startOutbox,
  startRelay,
  type Transaction,
} from '../../src/index.ts';
import { createTestDatabase, OUTBOX, type TestDatabase } from '../support/test-database.ts';
import { retentionCases } from './retention-cases.ts';
import { shardCases } from './shard-cases.ts';
import { append, eventually, openTransaction } from './support.ts';

type PublishedEvent = z.infer<typeof Event>;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.migrate(OUTBOX);
});
afterAll(() => database?.close());
/** Ends what a test that failed has left open: it would hold the database. */
const enders: (() => unknown)[] = [];
afterEach(() => Promise.all(enders.splice(0).map((end) => end())));
beforeEach(() =>
  database.owner.query({
    text: 'TRUNCATE outbox, outbox_subject, outbox_relay, outbox_shard, outbox_member',
  }),
);

/** Ended after the test at the latest. */
const open = async (work: (transaction: Transaction) => Promise<void>) => {
  const end = await openTransaction(database.app, work);
  enders.push(() => end(false));
  return end;
};
const read = (after: Cursor = START, limit = 100) =>
  readEvents(database.app, { vaultId: 'acme-dev', after, limit });
const subjects = async (after?: Cursor) => (await read(after)).events.map((event) => event.subject);

describe('reading the outbox', () => {
  it('gives an event if and only if its transaction was committed', async () => {
    await database.app.transaction((transaction) => append(transaction, 'a'));
    await database.app
      .transaction(async (transaction) => {
        await append(transaction, 'b');
        throw new Error('changed its mind');
      })
      .catch(() => undefined);
    const { events } = await read();
    expect(events).toMatchObject([
      {
        type: 'token.created',
        vaultId: 'acme-dev',
        merchant: 'acme',
        subject: 'a',
        sequence: 1,
        data: { n: 1 },
      },
    ]);
  });

  it('never steps past a row that is not yet committed, also when a later one is', async () => {
    const endEarly = await open((transaction) => append(transaction, 'early'));
    await database.app.transaction((transaction) => append(transaction, 'late'));
    expect(await subjects()).toEqual([]);
    await endEarly(true);
    expect(await subjects()).toEqual(['early', 'late']);
  });

  it('goes on when the open transaction is rolled back', async () => {
    const endEarly = await open((transaction) => append(transaction, 'early'));
    await database.app.transaction((transaction) => append(transaction, 'late'));
    await endEarly(false);
    expect(await subjects()).toEqual(['late']);
  });

  it('keeps the order of a subject when transactions got their ids in the other order', async () => {
    // The first to get an id is the last to write the subject's event.
    const endFirst = await open(async (transaction) => {
      await transaction.query({ text: 'SELECT pg_current_xact_id()' });
      await database.app.transaction((second) => append(second, 'x'));
      await append(transaction, 'x');
    });
    await endFirst(true);
    const { events } = await read();
    expect(events.map((event) => event.sequence)).toEqual([1, 2]);
    const first = await read(START, 1);
    expect([first.events[0]?.sequence, (await read(first.next)).events[0]?.sequence]).toEqual([1, 2]);
  });

  it('gives a reader that follows along everything once, in order per subject, under concurrent writers', async () => {
    let writing = true;
    const seen: PublishedEvent[] = [];
    const reader = (async () => {
      for (let after = START; ; ) {
        const done = !writing;
        const page = await read(after, 7);
        seen.push(...page.events);
        after = page.next;
        if (done && page.events.length === 0) return;
      }
    })();
    const writer = async (n: number) => {
      for (let i = 0; i < 25; i++) {
        await database.app
          .transaction(async (transaction) => {
            if (i % 3 === 0) await transaction.query({ text: 'SELECT pg_current_xact_id()' });
            await append(transaction, `s${(n + i) % 4}`);
            if (i % 5 === 0) await sleep(3);
            if (i % 7 === 0) throw new Error('rolled back');
          })
          .catch(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, n) => writer(n)));
    writing = false;
    await reader;

    expect(seen).toHaveLength(8 * (25 - 4));
    expect(new Set(seen.map((event) => event.id)).size).toBe(seen.length);
    for (const events of Map.groupBy(seen, (event) => event.subject).values()) {
      expect(events.map((event) => event.sequence)).toEqual(events.map((_, i) => i + 1));
    }
  });
});

describe('the relay', () => {
  const quiet = createLogger({ service: 'test', level: 'fatal' });
  const start = (connect: () => EventPublisher) => {
    const relay = startRelay({
      ...{ database: database.app, vaultId: 'acme-dev', topic: 'topic', connect, logger: quiet },
      ...{ pollMs: 10, retryMs: 20, batchSize: 3 },
    });
    enders.push(() => relay.close());
    return relay;
  };
  const write = async (...names: string[]) => {
    for (const name of names) await database.app.transaction((transaction) => append(transaction, name));
  };
  const publisherTo = (published: string[], fail: () => boolean = () => false): EventPublisher => ({
    check: async () => {
      if (fail()) throw new Error('the broker is away');
    },
    publish: async (events) => {
      if (fail()) throw new Error('the broker is away');
      published.push(...events.map((event) => event.subject));
    },
    close: async () => undefined,
  });

  it('publishes what waits and what comes, in order, once', async () => {
    const published: string[] = [];
    await write('a', 'b', 'c', 'd', 'e');
    const relay = start(() => publisherTo(published));
    await eventually(() => published).toEqual(['a', 'b', 'c', 'd', 'e']);
    await write('f');
    await eventually(() => published.at(-1)).toBe('f');
    await eventually(() => countUnpublished(database.app, 'topic')).toBe(0);
    expect(relay.broker()).toBe('connected');
    await relay.close();
  });

  it('keeps events while the broker is away and publishes them when it is back', async () => {
    const published: string[] = [];
    let away = true;
    let tries = 0;
    const relay = start(() => {
      tries++;
      return publisherTo(published, () => away);
    });
    await write('a', 'b');
    await sleep(300); // 20 ms apart they would be fifteen
    expect([published, relay.broker(), await countUnpublished(database.app, 'topic')]).toEqual([
      [],
      'unreachable',
      2,
    ]);
    expect(tries).toBeLessThan(10);
    away = false;
    await eventually(() => published).toEqual(['a', 'b']);
    await relay.close();
  });

  it('repeats a batch that was published and not noted, and loses none', async () => {
    const published: string[] = [];
    let crashes = 1;
    const relay = start(() => ({
      ...publisherTo(published),
      publish: async (events) => {
        published.push(...events.map((event) => event.subject));
        if (crashes-- > 0) throw new Error('lost the answer');
      },
    }));
    await write('a', 'b');
    await eventually(() => countUnpublished(database.app, 'topic')).toBe(0);
    expect([...new Set(published)]).toEqual(['a', 'b']);
    expect(published.length).toBeGreaterThan(2);
    await relay.close();
  });

  it('ends at once although the broker does not answer, and another goes on', async () => {
    const silent = (): EventPublisher => ({
      ...publisherTo([]),
      publish: () => new Promise(() => undefined),
    });
    const stuck = start(silent);
    await write('a');
    await eventually(() => stuck.broker()).toBe('connected');
    await sleep(50); // now it publishes
    const startedAt = performance.now();
    await stuck.close();
    expect(performance.now() - startedAt).toBeLessThan(500);
    const published: string[] = [];
    const next = start(() => publisherTo(published));
    await eventually(() => published).toEqual(['a']);
    await next.close();
  });

  it('survives the death of its session, which ends its lease', async () => {
    const published: string[] = [];
    const relay = start(() => publisherTo(published));
    await write('a');
    await eventually(() => published).toEqual(['a']);
    await eventually(() => countUnpublished(database.app, 'topic')).toBe(0);
    await database.owner.query({
      text: "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'",
    });
    await write('b');
    await eventually(() => published).toEqual(['a', 'b']);
    await relay.close();
  });
});

shardCases(() => database, enders);
retentionCases(() => database, enders);

describe('how long the next event has waited', () => {
  const age = () => oldestUnpublishedSeconds(database.app, 'topic');
  const appendedAgo = (seconds: number) =>
    database.app.transaction((transaction) =>
      append(transaction, `${seconds}`, { time: new Date(Date.now() - seconds * 1000) }),
    );

  it('is the age of the first event behind the cursor, and zero when all are published', async () => {
    expect(await age()).toBe(0);
    await appendedAgo(90);
    await appendedAgo(30);
    expect(Math.round((await age()) / 10)).toBe(9);
    const [first] = (await read(START, 1)).events;
    const { next } = await read(START, 1);
    expect(first?.subject).toBe('90');
    const moveTo = ({ horizon, position }: Cursor) =>
      database.owner.query({
        text: `INSERT INTO outbox_shard (topic, shard, horizon, position)
               SELECT 'topic', shard, $1::xid8, $2 FROM generate_series(0, 15) AS shard
               ON CONFLICT (topic, shard) DO UPDATE SET horizon = excluded.horizon, position = excluded.position`,
        values: [horizon, position],
      });
    await moveTo(next);
    expect(Math.round((await age()) / 10)).toBe(3);
    await moveTo((await read()).next);
    expect(await age()).toBe(0);
  });

  it('is never negative, whatever the clock of the pod says', async () => {
    await appendedAgo(-60);
    expect(await age()).toBe(0);
  });

  it('is measured where there is a broker, and only there', async () => {
    await appendedAgo(90);
    const text = async (kafka: boolean) => {
      const metrics = createMetrics();
      const outbox = startOutbox({
        ...{ database: database.app, vaultId: 'acme-dev', topic: 'topic', clientId: 'test', metrics },
        logger: createLogger({ service: 'test', level: 'fatal' }),
        ...{ retentionHours: 168, isReady: () => true },
        kafka: kafka ? () => Promise.reject(new Error('no broker in this test')) : undefined,
      });
      enders.push(() => outbox.close());
      return metrics.text();
    };
    expect(await text(true)).toMatch(/^cofferdam_outbox_oldest_unpublished_age_seconds 9\d/m);
    expect(await text(false)).toContain('cofferdam_outbox_unpublished 1');
    expect(await text(false)).not.toContain('oldest_unpublished');
  });
});
