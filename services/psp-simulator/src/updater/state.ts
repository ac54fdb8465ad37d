import type { UpdaterBatch } from '@cofferdam/contracts';
import type { Behaviour } from '../magic.ts';
import { updaterResult } from './answers.ts';

/** How the updater answers. */
export interface UpdaterMode {
  /** Milliseconds until a batch has its first results. */
  lateMs: number;
  /** The results of a batch come in so many parts, one more each time that it is asked for. */
  parts: number;
  /** Every result stands twice in an answer. */
  twice: boolean;
  /** Every so many results there is one that makes no sense; 0: never. */
  nonsenseEvery: number;
}

const MODE: UpdaterMode = { lateMs: 0, parts: 1, twice: false, nonsenseEvery: 0 };

interface Batch {
  receivedAt: number;
  /** How often it was handed in. */
  submissions: number;
  results: readonly unknown[];
  asked: number;
}

/** What the updater remembers. */
export class UpdaterState {
  mode: UpdaterMode = { ...MODE };
  readonly faults: Behaviour[] = [];
  readonly batches = new Map<string, Batch>();

  /** The first content of an id counts. */
  submit({ batch, cards }: UpdaterBatch, now: Date): void {
    const known = this.batches.get(batch);
    if (known) known.submissions++;
    else {
      const results = cards.map((card) => updaterResult(card, now));
      this.batches.set(batch, { receivedAt: now.getTime(), submissions: 1, results, asked: 0 });
    }
  }

  answer(batch: string, now: Date) {
    const known = this.batches.get(batch);
    if (!known) return undefined;
    const { lateMs, parts, twice, nonsenseEvery } = this.mode;
    if (now.getTime() < known.receivedAt + lateMs) return { batch, state: 'processing', results: [] };
    known.asked++;
    const part = known.results.slice(0, Math.ceil((known.results.length * known.asked) / parts));
    const results = part.map((result, i) =>
      nonsenseEvery > 0 && (i + 1) % nonsenseEvery === 0
        ? { ...(result as object), code: 'unheard_of' }
        : result,
    );
    const state = part.length === known.results.length ? 'complete' : 'processing';
    return { batch, state, results: twice ? [...results, ...results] : results };
  }

  reset(): void {
    this.mode = { ...MODE };
    this.faults.length = 0;
    this.batches.clear();
  }
}
