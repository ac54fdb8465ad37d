import {
  appendEvent,
  confirmCommitted,
  type Database,
  type NewEvent,
  ProblemError,
  type Transaction,
} from '@cofferdam/runtime';
import type { ChainHeads } from './audit/chain-heads.ts';
import { type AuditEntry, type ChainHead, emptyChain, link } from './domain/audit-chain.ts';
import { insertAuditLink } from './storage/audit.ts';

/** One commit in the making: rows, audit entries and events become durable together, or not at all. */
export interface UnitOfWork {
  readonly transaction: Transaction;
  audit(entry: AuditEntry): void;
  publish(event: NewEvent): void;
}

/** Runs the work in one transaction and resolves when it is on disk. */
export type Commit = <T>(work: (unit: UnitOfWork) => Promise<T>) => Promise<T>;

/**
 * Commits with audit chains. A chain's next link needs the hash of the last committed one, so each transaction has a
 * chain to itself while it runs; there are as many chains (writers) as transactions at a time, `<run>/<lane>` each.
 *
 * @param heads is told of every chain's new head as soon as it is on disk
 * @param options.isReplicated whether what is acknowledged has to be on a synchronous standby
 */
export function createCommit(
  database: Database,
  heads: ChainHeads,
  options: { isReplicated?: boolean } = {},
): Commit {
  const idle: ChainHead[] = [];
  let lanes = 0;
  /** A COMMIT was not answered: what is found of it may not be where it has to be. */
  let isInDoubt = false;

  return async (work) => {
    const head = idle.pop() ?? emptyChain(`${heads.run}/${lanes++}`);
    let committed = head;
    let attempted = false;
    try {
      const result = await database.transaction(async (transaction) => {
        const entries: AuditEntry[] = [];
        const events: NewEvent[] = [];
        const result = await work({
          transaction,
          audit: (entry) => void entries.push(entry),
          publish: (event) => void events.push(event),
        });
        for (const event of events) await appendEvent(transaction, event);
        for (const entry of entries) {
          const next = link(committed, entry);
          await insertAuditLink(transaction, next);
          committed = next;
        }
        attempted = true;
        return result;
      });
      if (isInDoubt || (options.isReplicated && committed === head)) await confirmCommitted(database);
      isInDoubt = false;
      if (committed !== head) heads.committed(committed);
      idle.push(committed);
      return result;
    } catch (error) {
      // A failed COMMIT may have been carried out: nobody knows where this chain ends, so it is not continued.
      if (attempted) isInDoubt = true;
      else idle.push(head);
      throw error;
    }
  };
}

const TRIES = 3;

/**
 * Repeats work that a key makes safe to repeat, when the database went away under it: if the lost transaction had been
 * committed, the row of the key (an idempotency key, or of a deletion the token) says so and the first answer is given.
 */
export async function settleByKey<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const lost = error instanceof ProblemError && error.code === 'database_unavailable';
      if (!lost || attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
    }
  }
}
