import { readFile } from 'node:fs/promises';

/** Bound tokens live an hour or less, and the kubelet replaces the file early: reading it this often is enough. */
const TOKEN_MAX_AGE_MS = 10_000;

/**
 * The Authorization header from a file that is replaced while we run.
 * @param now milliseconds that only grow: a clock on the wall that is set back would keep a token beyond its life
 */
export function bearerFromFile(
  file: string,
  now: () => number = () => performance.now(),
): () => Promise<{ authorization: string }> {
  let token = '';
  let readAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (now() - readAt > TOKEN_MAX_AGE_MS) {
      token = (await readFile(file, 'utf8')).trim();
      readAt = now();
    }
    return { authorization: `Bearer ${token}` };
  };
}
