import {
  type AnchoredHead,
  type AnchorStatement,
  type AuditAnchor,
  hashedAnchor,
  nameOf,
} from '@cofferdam/contracts/audit';
import type { Database, Logger, Metrics } from '@cofferdam/runtime';
import type { ChainHead } from '../domain/audit-chain.ts';
import { headOf, storeAnchor, tipsOfOthers } from '../storage/audit-anchors.ts';
import type { ChainHeads } from './chain-heads.ts';

/** Where anchors go besides the log; must not throw. */
export type PublishAnchor = (anchor: AuditAnchor) => void;

export interface AnchorsOptions {
  vaultId: string;
  database: Database;
  heads: ChainHeads;
  /** KMS makes the proof. */
  mac: (anchor: Pick<AuditAnchor, 'vaultId' | 'hash'>) => Promise<Pick<AuditAnchor, 'key' | 'mac'>>;
  publish: PublishAnchor;
  /** Heads of chains that nobody goes on with, or of all chains of this run at its end. */
  leftovers: (which: 'quiet' | 'of this run') => Promise<ChainHead[]>;
  logger: Logger;
  metrics: Metrics;
  now?: () => number;
}

const MOST_HEADS = 1000;

/**
 * The anchors of this run, one after another. An anchor is in the log before it is in the database, and each part waits
 * for the one before: what cannot be done now is done at a later step, and chains go on meanwhile.
 */
export class Anchors {
  readonly #options: AnchorsOptions;
  readonly #now: () => number;
  readonly #anchored = new Map<string, number>();
  /** Anchors are in the log whatever else somebody wants to read there. */
  readonly #log: Logger;
  #last: AuditAnchor | undefined;
  /** Published, and not in the database yet. */
  #toStore: AuditAnchor | undefined;
  #found: ChainHead[] = [];
  #behindSince: number | undefined;
  #ended = false;
  /** One step at a time: an anchor must know the one before. */
  #step: Promise<void> = Promise.resolve();

  constructor(options: AnchorsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#log = options.logger.child({}, { level: 'info' });
    options.metrics.meter
      .createObservableGauge('cofferdam_audit_unanchored_age_seconds', {
        description: 'For how long audit rows of this process have waited for an anchor; 0 when none does.',
      })
      .addCallback((result) => result.observe(this.#behindSeconds()));
  }

  /** Anchors what has been committed since the last one, if anything has. */
  step(): Promise<void> {
    return this.#inTurn(() => this.#anchor(false));
  }

  /** Looks for chains that their run has left without an anchor; the next step anchors what it finds. */
  lookForLeftovers(): Promise<void> {
    return this.#inTurn(async () => {
      this.#found = await this.#options.leftovers('quiet');
    });
  }

  /** The last anchor of this run. Nothing is committed any more. */
  end(): Promise<void> {
    return this.#inTurn(() => this.#anchor(true));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const next = this.#step.then(work);
    this.#step = next.catch(() => undefined);
    return next;
  }

  async #anchor(ends: boolean): Promise<void> {
    await this.#store();
    if (this.#ended) return;
    const own = this.#changed();
    this.#behindSince ??= own.length > 0 ? this.#now() : undefined;
    if (own.length + this.#found.length === 0 && !ends) return;
    const leftBehind = ends ? await this.#options.leftovers('of this run') : [];
    const heads = [
      ...own.map((head) => headOf(head, 'own')),
      ...[...leftBehind, ...this.#found]
        .filter(({ writer }) => !own.some((head) => head.writer === writer))
        .map((head) => headOf(head, 'found')),
    ].slice(0, MOST_HEADS);
    const startedAt = this.#now();
    const anchor = await this.#make(heads, ends);
    // From here on it exists: a second one in its place would look like a forgery.
    this.#last = this.#toStore = anchor;
    this.#ended = ends;
    this.#found = [];
    this.#log.info({ anchor }, 'audit anchor');
    this.#options.publish(anchor);
    for (const { writer, position } of own) this.#anchored.set(writer, position);
    this.#behindSince = this.#changed().length > 0 ? startedAt : undefined;
    await this.#store();
  }

  async #make(heads: AnchoredHead[], ends: boolean): Promise<AuditAnchor> {
    const { vaultId, database, heads: chains } = this.#options;
    const others = await tipsOfOthers(database, chains.run);
    const statement: AnchorStatement = {
      vaultId,
      run: chains.run,
      sequence: (this.#last?.sequence ?? 0) + 1,
      time: new Date(this.#now()).toISOString(),
      previous: [...(this.#last ? [nameOf(this.#last)] : []), ...others],
      heads,
      ends,
    };
    const hashed = hashedAnchor(statement);
    return { ...hashed, ...(await this.#options.mac(hashed)) };
  }

  async #store(): Promise<void> {
    if (this.#toStore === undefined) return;
    await storeAnchor(this.#options.database, this.#toStore);
    this.#toStore = undefined;
  }

  #changed(): ChainHead[] {
    const all = this.#options.heads.current();
    return all.filter(({ writer, position }) => position > (this.#anchored.get(writer) ?? 0));
  }

  #behindSeconds(): number {
    return this.#behindSince === undefined ? 0 : (this.#now() - this.#behindSince) / 1000;
  }
}
