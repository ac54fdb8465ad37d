import type { WriteStream } from 'node:tty';

/** One line on stderr that says what is going on: redrawn on a terminal, a new line a step elsewhere. */
export type Progress = {
  /** @param detail changes often: on no terminal it is shown with the step only */
  show(step: string, detail?: string): void;
  /** The line goes away, so that what follows starts on a clean one. */
  end(): void;
};

const REDRAW_MS = 100;

export function createProgress(
  stream: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>,
  now: () => number = () => performance.now(),
): Progress {
  const startedAt = now();
  let last = '';
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    show(step, detail = '') {
      const seconds = `${((now() - startedAt) / 1000).toFixed(0).padStart(4)} s`;
      const line = `${seconds}  ${step}${detail === '' ? '' : `: ${detail}`}`;
      if (!stream.isTTY) {
        if (step !== last) stream.write(`${line}\n`);
      } else if (step !== last || now() - drawnAt >= REDRAW_MS) {
        drawnAt = now();
        stream.write(`\r\u001b[K${line.slice(0, (stream.columns || 80) - 1)}`);
      }
      last = step;
    },
    end() {
      if (stream.isTTY) stream.write('\r\u001b[K');
    },
  };
}
