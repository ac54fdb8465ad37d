import type { AuditAnchor } from './anchor.ts';
import { link } from './chain.ts';
import { type Checkpoint, Checkpoints, type Coverage } from './checkpoints.ts';
import type { Finding } from './finding.ts';
import { type AuditRow, toHex } from './row.ts';

export interface VerifierOptions {
  /** The proven ones. */
  anchors: readonly AuditAnchor[];
  /**
   * When the rows were read, by the vault's clock: what later anchors name need not be there. Undefined: whatever they
   * name must.
   */
  exportedAt?: Date | undefined;
  /** Hashes of anchors that were read before the rows were: whatever they name must be there. */
  readBefore?: ReadonlySet<string>;
}

export interface AuditReport {
  /** Nothing was found. */
  holds: boolean;
  rows: number;
  writers: number;
  /** Rows up to the last that their own run has anchored. */
  anchored: number;
  /** Rows beyond, that another run found in the database after theirs had ended, and anchored then. */
  foundLater: number;
  /** Rows that no anchor covers yet: nothing but the database speaks for them. */
  notAnchored: { rows: number; writers: string[]; since: string | undefined };
  /** The newest anchor that was used. */
  newestAnchor: string | undefined;
  /** Anchors that name rows which are younger than the export. */
  youngerThanExport: number;
  findings: Finding[];
  /** How many more there were. */
  findingsLeftOut: number;
}

const MOST_FINDINGS = 1000;
/** Replicas' clocks may differ by this from the one that dated the export. */
const SKEW_MS = 30_000;
/** Every run anchors within seconds, and what a dead one left is found within minutes. */
const LATE_MS = 15 * 60_000;

interface Chain {
  position: number;
  /** As the row states it: one altered row is one finding, not one for each row after it. */
  hash: string;
  notAnchored: number;
  late: { rows: number; from: number; time: string } | undefined;
}

const START = '0'.repeat(64);

/**
 * Holds rows against each other and against anchors. Rows of one writer come in order of position; those of different
 * writers may be mixed. Memory grows with writers and anchors, not with rows.
 */
export class AuditVerifier {
  readonly #chains = new Map<string, Chain>();
  readonly #checkpoints: Checkpoints;
  readonly #options: VerifierOptions;
  readonly #findings: Finding[] = [];
  readonly #newestAnchor: string | undefined;
  #leftOut = 0;
  #rows = 0;
  #anchored = 0;
  #foundLater = 0;
  #since: string | undefined;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#checkpoints = new Checkpoints(options.anchors);
    for (const { time } of options.anchors) {
      if (this.#newestAnchor === undefined || time > this.#newestAnchor) this.#newestAnchor = time;
    }
  }

  row(row: AuditRow): void {
    this.#rows++;
    const chain = this.#chainOf(row.writer);
    if (row.position <= chain.position) {
      this.#find('out_of_order', row, `comes after position ${chain.position}`);
      return;
    }
    if (row.position > chain.position + 1) {
      const gap = chain.position + 1;
      const last = row.position - 1;
      const what = last === gap ? 'is not there' : `to ${last} are not there`;
      this.#find('missing', { writer: row.writer, position: gap }, what);
    } else if (row.previous !== chain.hash) {
      this.#find('altered', row, 'does not follow from the row before it');
    }
    if (!isIntact(row)) this.#find('altered', row, 'is not what its hash was made of');
    this.#compare(row);
    chain.position = row.position;
    chain.hash = row.hash;
    this.#count(row, chain);
  }

  finish(): AuditReport {
    const younger = new Set<string>();
    const truncated = new Map<string, Checkpoint>();
    for (const checkpoint of this.#checkpoints.rest()) {
      const { writer, anchor, position } = checkpoint;
      // What is passed over is one of the rows reported as missing.
      if (position <= (this.#chains.get(writer)?.position ?? 0)) continue;
      if (this.#isYounger(anchor)) younger.add(anchor.hash);
      else truncated.set(writer, checkpoint);
    }
    for (const checkpoint of truncated.values()) {
      const last = this.#chains.get(checkpoint.writer)?.position ?? 0;
      const found = last === 0 ? 'no row of this writer is there' : `the last row is ${last}`;
      this.#find(
        'truncated',
        checkpoint,
        `was anchored at ${checkpoint.anchor.time}, and is not there: ${found}`,
      );
    }
    for (const [writer, { late }] of this.#chains) {
      if (late === undefined) continue;
      const what = `and on, from ${late.time}: ${late.rows} rows that no anchor covers, although later ones were made`;
      this.#find('inserted', { writer, position: late.from }, what);
    }
    const open = [...this.#chains].filter(([, chain]) => chain.notAnchored > 0);
    return {
      holds: this.#findings.length === 0,
      rows: this.#rows,
      writers: this.#chains.size,
      anchored: this.#anchored,
      foundLater: this.#foundLater,
      notAnchored: {
        rows: open.reduce((sum, [, { notAnchored }]) => sum + notAnchored, 0),
        writers: open.map(([writer]) => writer),
        since: this.#since,
      },
      newestAnchor: this.#newestAnchor,
      youngerThanExport: younger.size,
      findings: this.#findings,
      findingsLeftOut: this.#leftOut,
    };
  }

  /** What anchors say about this place. */
  #compare(row: AuditRow): void {
    for (const { anchor, hash } of this.#checkpoints.at(row.writer, row.position)) {
      if (hash === row.hash) continue;
      const what = `is not the row that was anchored at ${anchor.time} (anchor ${anchor.hash})`;
      this.#find('rewritten', row, what);
      return;
    }
  }

  #count(row: AuditRow, chain: Chain): void {
    const coverage = this.#checkpoints.coverageOf(row.writer);
    if (row.position <= coverage.own) {
      this.#anchored++;
      return;
    }
    if (isAfterTheEnd(row, coverage)) this.#find('inserted', row, "follows the end of its writer's run");
    if (row.position <= coverage.found) {
      this.#foundLater++;
      return;
    }
    chain.notAnchored++;
    if (this.#since === undefined || row.time < this.#since) this.#since = row.time;
    const age = Date.parse(this.#newestAnchor ?? '') - Date.parse(row.time);
    if (!(age > LATE_MS)) return;
    chain.late ??= { rows: 0, from: row.position, time: row.time };
    chain.late.rows++;
  }

  #isYounger({ time, hash }: AuditAnchor): boolean {
    const { exportedAt, readBefore } = this.#options;
    if (readBefore?.has(hash)) return false;
    return exportedAt !== undefined && Date.parse(time) > exportedAt.getTime() - SKEW_MS;
  }

  #chainOf(writer: string): Chain {
    const known = this.#chains.get(writer);
    if (known) return known;
    const chain = { position: 0, hash: START, notAnchored: 0, late: undefined };
    this.#chains.set(writer, chain);
    return chain;
  }

  #find(kind: Finding['kind'], { writer, position }: Pick<AuditRow, 'writer' | 'position'>, what: string) {
    if (this.#findings.length === MOST_FINDINGS) this.#leftOut++;
    else this.#findings.push({ kind, writer, position, message: `${writer} ${position} ${what}` });
  }
}

/** What was under way when a run ended may still be committed: that is of the same minute. */
const ENDING_MS = 60_000;

function isAfterTheEnd({ position, time }: AuditRow, { end }: Coverage): boolean {
  return end !== undefined && position > end.position && Math.abs(Date.parse(time) - end.time) > ENDING_MS;
}

function isIntact(row: AuditRow): boolean {
  const time = new Date(row.time);
  // A database keeps microseconds; a time that was moved by one would not show in the hash.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== row.time) return false;
  const head = { writer: row.writer, position: row.position - 1, hash: Buffer.from(row.previous, 'hex') };
  return toHex(link(head, { ...row, time }).hash) === row.hash;
}
