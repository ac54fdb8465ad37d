import fastify from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  addEventFeed,
  type Cursor,
  type Merchants,
  type NewEvent,
  type ProblemError,
  pruneEvents,
  readEvents,
  START,
} from '../../src/index.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { append, openTransaction } from './support.ts';

const DAY_MS = 86_400_000;
const TOPIC = 'topic';

/** Cases for a suite that has a database with an outbox. */
export function retentionCases(database: () => TestDatabase, enders: (() => unknown)[]): void {
  const write = (subject: string, ageDays: number, event: Partial<NewEvent> = {}) =>
    database().app.transaction((transaction) =>
      append(transaction, subject, { time: new Date(Date.now() - ageDays * DAY_MS), ...event }),
    );
  const prune = (options: { topic?: string; batchSize?: number } = {}) =>
    pruneEvents(database().app, { topic: undefined, retentionHours: 168, ...options });
  const stored = async () => {
    const { rows } = await database().owner.query<{ subject: string; sequence: string }>({
      text: 'SELECT subject, sequence FROM outbox ORDER BY horizon, position',
    });
    return rows.map(({ subject, sequence }) => `${subject}${sequence}`);
  };
  const end = async (): Promise<Cursor> =>
    (await readEvents(database().app, { vaultId: 'acme-dev', after: START, limit: 500 })).next;
  const published = ({ horizon, position }: Cursor, shards: string) =>
    database().owner.query({
      text: `INSERT INTO outbox_shard (topic, shard, horizon, position)
             SELECT $1, shard, $2::xid8, $3 FROM generate_series(0, 15) AS shard WHERE ${shards}`,
      values: [TOPIC, horizon, position],
    });

  beforeEach(() => database().owner.query({ text: "UPDATE outbox_pruned SET horizon = '0', position = 0" }));

  describe('retention', () => {
    it('removes old events from the beginning, in batches, and keeps what is young', async () => {
      for (const subject of ['a', 'b', 'c']) await write(subject, 8);
      await write('d', 6);
      await write('e', 8); // a clock that lags: it goes when those before it go
      expect([await prune({ batchSize: 2 }), await prune({ batchSize: 2 })]).toEqual([2, 1]);
      expect([await stored(), await prune()]).toEqual([['d1', 'e1'], 0]);
    });

    it('removes nothing that a shard has not published yet', async () => {
      await write('a', 8);
      const first = await end();
      await write('b', 8);
      expect(await prune({ topic: TOPIC })).toBe(0);
      await published(await end(), 'shard <> 3');
      expect(await prune({ topic: TOPIC })).toBe(0);
      await published(first, 'shard = 3');
      expect([await prune({ topic: TOPIC }), await stored()]).toEqual([1, ['b1']]);
      // Nor when the broker is no longer configured.
      expect([await prune(), await stored()]).toEqual([0, ['b1']]);
    });

    it('does not step past a transaction that is still running', async () => {
      const commit = await openTransaction(database().app, (transaction) => append(transaction, 'early'));
      enders.push(() => commit(false));
      await write('late', 8);
      expect(await prune()).toBe(0);
      await commit(true);
      expect([await prune(), await stored()]).toEqual([0, ['early1', 'late1']]);
    });

    it('keeps the number of a subject, unless it has been deleted', async () => {
      await write('deleted', 9);
      await write('deleted', 9, { type: 'token.deleted' });
      await write('expired', 9, { type: 'token.expired' });
      await write('raced', 9, { type: 'token.deleted' });
      await write('raced', 9, { type: 'token.revealed' });
      await write('kept', 9);
      expect(await prune()).toBe(6);
      await write('kept', 0);
      const { rows } = await database().owner.query({
        text: 'SELECT subject, sequence::int FROM outbox_subject ORDER BY subject',
      });
      expect([await stored(), rows]).toEqual([
        ['kept2'],
        [
          { subject: 'kept', sequence: 2 },
          { subject: 'raced', sequence: 2 },
        ],
      ]);
    });
  });

  describe('the feed', () => {
    const feed = (merchants: Merchants) => {
      const app = fastify();
      app.decorateRequest('caller', { getter: () => ({ merchants }) as never });
      app.setErrorHandler((error, _request, reply) =>
        reply.code((error as ProblemError).status).send({ code: (error as ProblemError).code }),
      );
      addEventFeed(app, { database: database().app, vaultId: 'acme-dev' });
      return async (query = '') => {
        const { statusCode, body } = await app.inject({ url: `/v1/events?limit=100${query}` });
        const answer = JSON.parse(body) as { events?: { subject: string }[]; next: string; code?: string };
        return { statusCode, ...answer, subjects: answer.events?.map(({ subject }) => subject) };
      };
    };

    it('refuses a cursor from before what was removed, and begins at what is kept without one', async () => {
      const read = feed('*');
      const empty = await read();
      await write('a', 8);
      const first = await read(`&after=${empty.next}`);
      await write('b', 8);
      await write('c', 1);
      expect(first.subjects).toEqual(['a']);
      await prune();
      const afterARestore = '999999999.1';
      for (const after of [empty.next, first.next, afterARestore]) {
        expect(await read(`&after=${after}`)).toMatchObject({ statusCode: 410, code: 'cursor_expired' });
      }
      const fresh = await read();
      expect(fresh.subjects).toEqual(['c']);
      expect(await read(`&after=${fresh.next}`)).toMatchObject({ events: [], next: fresh.next });
    });

    it("does not refuse a merchant's cursor because only others' events were removed", async () => {
      const read = feed(['globex']);
      await write('mine', 9, { merchant: 'globex' });
      for (const subject of ['a', 'b']) await write(subject, 8);
      const { next, subjects } = await read();
      expect(subjects).toEqual(['mine']);
      await prune();
      await write('mine', 0, { merchant: 'globex' });
      expect((await read(`&after=${next}`)).subjects).toEqual(['mine']);
    });
  });
}
