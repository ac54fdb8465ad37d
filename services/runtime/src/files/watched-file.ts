import { readFile } from 'node:fs/promises';
import type { Logger } from '../logging/logger.ts';

export interface WatchedFile<T> {
  /** The last content that was good. */
  current(): T;
  /** What is wrong with the newest content, while an older one is used. */
  problem(): string | undefined;
  /** Looks now instead of at the next poll. */
  poll(): Promise<void>;
  close(): void;
}

export interface WatchOptions<T> {
  /** Several files make one value: the first decides, all are watched. */
  paths: (first?: string) => string[];
  parse: (contents: string[]) => T;
  /** Told of each new content that is good; not of the first. */
  onChange?: (value: T) => void;
  logger: Logger;
  /** Default 2 s. */
  intervalMs?: number;
}

/**
 * Reads files and reads them again when their content changes. Polled, not watched: the kubelet replaces a
 * ConfigMap by swapping a symlink two levels up, which file system events report poorly, and not at all over the
 * network. A broken new content is reported and the old one kept.
 *
 * @throws when the files cannot be read or parsed at the start
 */
export async function watchFiles<T>(options: WatchOptions<T>): Promise<WatchedFile<T>> {
  const read = async (): Promise<string[]> => {
    const first = await readFile(options.paths()[0] ?? '', 'utf8');
    const others = options.paths(first).slice(1);
    return [first, ...(await Promise.all(others.map((path) => readFile(path, 'utf8'))))];
  };
  let contents = await read();
  let current = options.parse(contents);
  let problem: string | undefined;

  const poll = async (): Promise<void> => {
    try {
      const newest = await read();
      if (problem === undefined && sameContents(newest, contents)) return;
      current = options.parse(newest);
      contents = newest;
      problem = undefined;
      options.onChange?.(current);
      options.logger.info({ files: options.paths(contents[0]) }, 'configuration reloaded');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== problem) {
        options.logger.error(
          { err: error, files: options.paths() },
          'new configuration is not usable; the old one stays',
        );
      }
      problem = message;
    }
  };
  const timer = setInterval(() => void poll(), options.intervalMs ?? 2000);
  timer.unref();
  return { current: () => current, problem: () => problem, poll, close: () => clearInterval(timer) };
}

/** One JSON file, as a special case. */
export function watchFile<T>(
  path: string,
  parse: (content: string) => T,
  options: { logger: Logger; intervalMs?: number },
): Promise<WatchedFile<T>> {
  return watchFiles({ ...options, paths: () => [path], parse: ([content = '']) => parse(content) });
}

function sameContents(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((content, i) => content === b[i]);
}
