import { expect } from 'vitest';
import { appendEvent, type Database, type NewEvent, type Transaction } from '../../src/index.ts';

export const append = (transaction: Transaction, subject: string, event: Partial<NewEvent> = {}) =>
  appendEvent(transaction, {
    ...{ type: 'token.created', merchant: 'acme', subject, data: { n: 1 }, time: new Date() },
    ...event,
  });

/** A transaction that stays open until the function that comes back is called; it commits or rolls back. */
export async function openTransaction(database: Database, work: (transaction: Transaction) => Promise<void>) {
  const ended = Promise.withResolvers<boolean>();
  const ready = Promise.withResolvers<void>();
  const running = database
    .transaction(async (transaction) => {
      await work(transaction);
      ready.resolve();
      if (!(await ended.promise)) throw new Error('rolled back');
    })
    .catch(() => undefined);
  await ready.promise;
  return (commit: boolean) => {
    ended.resolve(commit);
    return running;
  };
}

/** As `expect.poll`, on a machine that has much else to do. */
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 30_000 });
