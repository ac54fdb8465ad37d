import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

interface Ids {
  uid: number;
  gid: number;
}

/**
 * Which account the server runs under. PostgreSQL refuses to run as root, so there it needs another one; we
 * create none: `postgres` where the machine has it, else `nobody`, which every machine has.
 */
export interface ServerAccount {
  /** Who must own the data; absent for an ordinary user, whose own it is. */
  owner?: Ids;
  /** The ids to start a program with, unless `prefix` sets them. */
  ids?: Ids;
  /** Put before each program: lets it through directories of root's that others may not enter. */
  prefix: string[];
}

/**
 * @param paths what the server must reach: its programs and its data
 * @throws as root, when there is no account to take or no way to let it reach the paths
 */
export function serverAccount(paths: readonly string[]): ServerAccount {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const ids = lookUp('postgres') ?? lookUp('nobody');
  if (ids === undefined) throw new Error('PostgreSQL does not run as root, and there is no account nobody');
  const closed = paths.map(closedDirectory).find((directory) => directory !== undefined);
  if (closed === undefined) return { owner: ids, ids, prefix: [] };
  return { owner: ids, prefix: passThrough(closed, ids) };
}

/** For a clone in /root or below a directory of mktemp -d: a capability, rather than opening what is closed. */
function passThrough(closed: string, { uid, gid }: Ids): string[] {
  const capability = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...capability];
  try {
    execFileSync('setpriv', [...prefix.slice(1), 'true'], { stdio: 'pipe' });
    return prefix;
  } catch (cause) {
    throw new Error(
      `PostgreSQL does not run as root, and other accounts may not enter ${closed}: ` +
        'run as an ordinary user, let others pass (chmod o+x), or install setpriv (util-linux)',
      { cause },
    );
  }
}

function lookUp(name: string): Ids | undefined {
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  const [, , uid, gid] = accounts.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** The directory on the way to `path`, if any, that others may not pass. */
function closedDirectory(path: string): string | undefined {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    if ((statSync(directory).mode & 0o001) === 0) return directory;
    if (directory === dirname(directory)) return undefined;
  }
}
