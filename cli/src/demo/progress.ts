import type { WriteStream } from 'node:tty';

export type StepState = 'waiting' | 'working' | 'ready' | 'skipped' | 'failed';

const marks: Record<StepState, string> = {
  waiting: '·',
  working: '…',
  ready: '✓',
  skipped: '–',
  failed: '✗',
};

interface Step {
  name: string;
  state: StepState;
  detail: string;
  since: number;
}

export interface ProgressOptions {
  /** Where it is drawn; stderr, because stdout belongs to the result. */
  stream: Pick<WriteStream, 'write'> & { isTTY?: boolean; columns?: number };
  now: () => number;
}

/**
 * One line a step. On a terminal the lines are redrawn in place; anywhere else (CI, a file) each change of state, and
 * the first word on it, is a line of its own, so that a log reads from top to bottom.
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #steps = new Map<string, Step>();
  readonly #started: number;
  #drawn = 0;
  #finished = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#started = options.now();
  }

  /** Milliseconds since the display was made. */
  get elapsedMs(): number {
    return this.#options.now() - this.#started;
  }

  set(name: string, state: StepState, detail = ''): void {
    const known = this.#steps.get(name);
    if (this.#finished) return;
    if (known?.state === state && known.detail === detail) return;
    const since = known?.state === state ? known.since : this.elapsedMs;
    const step = { name, state, detail, since };
    this.#steps.set(name, step);
    if (this.#options.stream.isTTY) this.#redraw();
    else if (known?.state !== state || known.detail === '')
      this.#options.stream.write(`${this.#line(step)}\n`);
  }

  /** Leaves the lines where they are; nothing more is drawn. */
  finish(): void {
    this.#finished = true;
  }

  /** Line over line, in one write: a terminal that is cleared first flickers, and some keep each picture in their history. */
  #redraw(): void {
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    const lines = [...this.#steps.values()].map((step) => `${this.#line(step)}\x1b[K\n`);
    this.#options.stream.write(up + lines.join(''));
    this.#drawn = this.#steps.size;
  }

  #line({ name, state, detail, since }: Step): string {
    const seconds = `${(since / 1000).toFixed(1)}s`.padStart(6);
    const text = `${seconds}  ${marks[state]} ${name.padEnd(34)} ${detail}`.trimEnd();
    return this.#options.stream.isTTY ? text.slice(0, (this.#options.stream.columns || 100) - 1) : text;
  }
}
