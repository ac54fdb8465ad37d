import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MARK = '.cofferdam-run';

/**
 * Makes the directory of one run, without what an earlier run left there. Somebody may have named his own project as
 * the state directory, and have a `run` in it: what does not bear our mark is not removed.
 *
 * @throws when there is such a directory, or the file system refuses
 */
export function makeRunDirectory(path: string): void {
  mkdirSync(path, { recursive: true });
  const found = readdirSync(path);
  if (found.length > 0 && !found.includes(MARK)) {
    throw new Error(`${path} holds files that are not of an earlier run`);
  }
  // The mark first and for good: a start that is killed here must find it again.
  writeFileSync(join(path, MARK), '');
  for (const name of found) {
    if (name !== MARK) rmSync(join(path, name), { recursive: true, force: true, maxRetries: 5 });
  }
  // Others may pass, not look: PostgreSQL runs under another account when we are root.
  chmodSync(path, 0o711);
}
