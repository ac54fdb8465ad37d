// Installs what is missing, so that `npm run demo` and `npm test` work on a fresh clone.
// Plain JavaScript: it runs under the user's own Node (20 or newer), before npm has brought Node 24.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.cofferdam-installed`;

/** The lock file decides what is installed: same lock, nothing to do. */
const wanted = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex');
const found = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';

if (found !== wanted) {
  process.stderr.write('Installing dependencies (once; about a minute) ...\n');
  // Two commands started together on a fresh clone: the second would tear down what the first unpacks,
  // which npm itself does not guard against. The stamp is removed first, so a broken install is redone.
  rmSync(stamp, { force: true });
  const { status, error } = spawnSync('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    // npm's own output goes to stderr: stdout belongs to the command that follows (`-- --json`).
    stdio: ['ignore', 2, 2],
  });
  if (error || status !== 0) {
    process.stderr.write(
      `npm ci failed (${error?.message ?? `exit ${status}`}). Its message is above; mend it and run the command again.\n`,
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
