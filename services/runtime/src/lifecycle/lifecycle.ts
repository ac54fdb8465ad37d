import type { Logger } from '../logging/logger.ts';

/** What has to be closed, in the reverse order of opening; each step and the whole are bounded. */
export class Lifecycle {
  readonly #steps: { name: string; close: () => unknown }[] = [];

  onClose(name: string, close: () => unknown): void {
    this.#steps.unshift({ name, close });
  }

  /** @returns whether everything closed in time */
  async close(logger: Logger | undefined, timeoutMs: number): Promise<boolean> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const expired = new Promise<false>((resolve) => deadline.addEventListener('abort', () => resolve(false)));
    let clean = true;
    for (const { name, close } of this.#steps) {
      const closed = Promise.resolve()
        .then(close)
        .then(
          () => true,
          (error: unknown) => {
            logger?.error({ err: error, step: name }, 'closing failed');
            return false;
          },
        );
      if (!(await Promise.race([closed, expired]))) {
        clean = false;
        if (deadline.aborted) logger?.error({ step: name, timeoutMs }, 'closing took too long');
      }
    }
    return clean;
  }
}
