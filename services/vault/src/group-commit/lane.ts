import {
  appendEvents,
  BatchStatement,
  confirmCommitted,
  type Database,
  type NewEvent,
  ProblemError,
  type Queryable,
} from '@cofferdam/runtime';
import type { ChainHeads } from '../audit/chain-heads.ts';
import { type AuditEntry, type AuditLink, type ChainHead, emptyChain, link } from '../domain/audit-chain.ts';
import { addAuditLinks, hasAuditLink } from '../storage/audit.ts';
import { Novelty } from './novelty.ts';

/** What becomes durable with the rows of a batch. */
export interface Accompanying {
  audit: readonly AuditEntry[];
  events: readonly NewEvent[];
  /** Of subjects that the batch itself has made. */
  firstEvents?: readonly NewEvent[];
}

/** Carries one batch at a time, and has an audit chain of its own. */
export interface Lane {
  /** Whether what comes is mostly new to the database. */
  readonly novelty: Novelty;
  /** For reading what a batch is about. */
  readonly database: Queryable;
  /**
   * Writes rows, audit entries and events with one statement, and so in one transaction; resolves when it is on disk.
   *
   * @throws when nothing of it was written, and {@link CommitUnknown} when nobody knows
   */
  commit(fill: (write: BatchStatement) => void, accompanying: Accompanying): Promise<void>;
}

/** The database went away over a commit, and could not be asked since whether it was carried out. */
export class CommitUnknown extends ProblemError {
  constructor(cause: unknown) {
    super('database_unavailable', { cause });
  }
}

const TRIES = 3;

/**
 * @param name of the lane among those of this process
 * @param heads is told of the chain's new head as soon as it is on disk
 * @param options.novelty what lanes of the same work share
 * @param options.isReplicated whether what is acknowledged has to be on a synchronous standby
 */
export function createLane(
  database: Database,
  heads: ChainHeads,
  name: string,
  options: { novelty?: Novelty; isReplicated?: boolean } = {},
): Lane {
  const { novelty = new Novelty() } = options;
  let chains = 0;
  const newChain = (): ChainHead => emptyChain(`${heads.run}/${name}-${++chains}`);
  let head = newChain();

  /** Whatever has happened to an earlier try: its last link is in the table, or nothing of it is. */
  async function settle(write: BatchStatement, links: readonly AuditLink[], lost: unknown): Promise<void> {
    const last = links.at(-1);
    let cause = lost;
    for (let attempt = 1; last !== undefined && attempt <= TRIES; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
      try {
        // It may be seen because the wait for a standby was broken off together with the session.
        if (await hasAuditLink(database, last)) return await confirmCommitted(database);
        await database.query(write.build());
        return;
      } catch (error) {
        // Also a link that is taken: the first try was carried out, but not yet when we looked.
        cause = error;
      }
    }
    throw new CommitUnknown(cause);
  }

  return {
    novelty,
    database,
    async commit(fill, { audit, events, firstEvents = [] }) {
      const write = new BatchStatement('commit-batch');
      fill(write);
      appendEvents(write, firstEvents, { newSubjects: true });
      appendEvents(write, events, { newSubjects: false });
      const links = chain(head, audit);
      addAuditLinks(write, links);
      // All of it was answered before, perhaps by a commit of which nobody has heard.
      if (write.isEmpty) return options.isReplicated ? await confirmCommitted(database) : undefined;
      try {
        await database.query(write.build()).catch((error: unknown) => {
          if (isUnavailable(error)) return settle(write, links, error);
          throw error; // rolled back: the chain ends where it did
        });
        const last = links.at(-1);
        if (last === undefined) return;
        head = { writer: last.writer, position: last.position, hash: last.hash };
        heads.committed(head);
      } catch (error) {
        // Nobody knows where this chain ends, so it is not continued.
        if (error instanceof CommitUnknown) head = newChain();
        throw error;
      }
    },
  };
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof ProblemError && error.code === 'database_unavailable';
}

function chain(head: ChainHead, entries: readonly AuditEntry[]): AuditLink[] {
  const links: AuditLink[] = [];
  for (const entry of entries) links.push(link(links.at(-1) ?? head, entry));
  return links;
}
