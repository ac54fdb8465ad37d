import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What was measured, and when: a report that is kept has to say so itself. */
export function provenance(args: readonly string[]): Record<'date' | 'commit' | 'command', string> {
  const asked = args.filter((arg) => arg !== '--json').join(' ');
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    command: `npm run bench -- ${asked}`,
  };
}

/** With `+changes` when files that Git knows are not as in that commit. */
function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed ? '+changes' : ''}`;
  } catch {
    return 'unknown'; // unpacked from an archive, or no Git here
  }
}
