import type { AuditAnchor } from './anchor.ts';

/** One anchor's word about one place of one chain. */
export interface Checkpoint {
  writer: string;
  position: number;
  /** Hexadecimal, as rows have it. */
  hash: string;
  anchor: AuditAnchor;
}

/** How far anchors speak for a chain; positions, 0 for not at all. */
export interface Coverage {
  own: number;
  found: number;
  /** The chain's last position, where its run has said that it ended, and when it did. */
  end: { position: number; time: number } | undefined;
}

const NOTHING: readonly Checkpoint[] = [];

/** What anchors say, by writer and in order of position, for one walk along the chains. */
export class Checkpoints {
  readonly #byWriter = new Map<string, { list: Checkpoint[]; next: number; own: number; found: number }>();
  /** By run: when it ended, and the last word about each of its chains until then. */
  readonly #ended = new Map<string, { time: number; positions: Map<string, number> }>();

  constructor(anchors: readonly AuditAnchor[]) {
    for (const { ends, run, time } of anchors) {
      if (ends) this.#ended.set(run, { time: Date.parse(time), positions: new Map() });
    }
    for (const anchor of anchors) {
      for (const { writer, position, hash, origin } of anchor.heads) {
        const of = this.#byWriter.get(writer) ?? { list: [], next: 0, own: 0, found: 0 };
        this.#byWriter.set(writer, of);
        of.list.push({ writer, position, hash: Buffer.from(hash, 'base64url').toString('hex'), anchor });
        // Nobody can have committed to another run's chain.
        const own = origin === 'own' && runOf(writer) === anchor.run;
        if (own) of.own = Math.max(of.own, position);
        else of.found = Math.max(of.found, position);
        const end = this.#ended.get(runOf(writer));
        // Also what the run itself had lost sight of, and another found before it ended.
        if (!end || (runOf(writer) !== anchor.run && Date.parse(anchor.time) > end.time)) continue;
        end.positions.set(writer, Math.max(position, end.positions.get(writer) ?? 0));
      }
    }
    for (const { list } of this.#byWriter.values()) list.sort((a, b) => a.position - b.position);
  }

  /** What is said about this place. Places of a writer are asked about in rising order; those passed over stay. */
  *at(writer: string, position: number): Iterable<Checkpoint> {
    const of = this.#byWriter.get(writer);
    if (of === undefined) return;
    while ((of.list[of.next]?.position ?? Number.POSITIVE_INFINITY) < position) of.next++;
    for (let one = of.list[of.next]; one?.position === position; one = of.list[of.next]) {
      of.next++;
      yield one;
    }
  }

  /** For each writer, what is said about places after the last that was asked about. */
  *rest(): Iterable<Checkpoint> {
    for (const { list, next } of this.#byWriter.values())
      yield* next < list.length ? list.slice(next) : NOTHING;
  }

  coverageOf(writer: string): Coverage {
    const of = this.#byWriter.get(writer);
    const ended = this.#ended.get(runOf(writer));
    return {
      own: of?.own ?? 0,
      found: of?.found ?? 0,
      end: ended && { position: ended.positions.get(writer) ?? 0, time: ended.time },
    };
  }
}

/** A writer is one lane of a run: `<run>/<lane>`. */
function runOf(writer: string): string {
  return writer.slice(0, writer.lastIndexOf('/'));
}
