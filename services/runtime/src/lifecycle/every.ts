import { StartError } from '../errors.ts';
import type { Logger } from '../logging/logger.ts';

/**
 * Does something now and then: first at once, each next time a pause after the last has ended. What it throws is
 * logged (the first of a row) and tried again; a {@link StartError} ends the process.
 */
export function every(
  pauseMs: number,
  options: { name: string; logger: Logger },
  work: () => unknown,
): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let failing = false;
  const run = async (): Promise<void> => {
    try {
      await work();
      failing = false;
    } catch (error) {
      if (error instanceof StartError) throw error; // nobody awaits this: it reaches runService
      if (!failing) options.logger.warn({ err: error, task: options.name }, 'a periodic task failed');
      failing = true;
    }
    if (!stopped) timer = setTimeout(run, pauseMs).unref();
  };
  void run();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
