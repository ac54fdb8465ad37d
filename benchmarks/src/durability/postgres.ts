import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type PostgresServer, startPostgres } from '@cofferdam/devcluster/addons';
import type { Supervisor } from '@cofferdam/devcluster/process';

const HOST = '127.0.0.1';

/**
 * `immediate`: SIGQUIT, PostgreSQL's immediate shutdown: nothing is written any more.
 * `sigkill`: the server and all its processes at once, as when memory runs out or a container is taken away.
 * `backend`: one session alone; the server ends all others and recovers by itself.
 */
export type PostgresKill = 'immediate' | 'sigkill' | 'backend';

/** A PostgreSQL that is killed, and is then found at the same address with what its disk has. */
export type KillablePostgres = {
  /** Its `stop()` ends whichever is running. */
  readonly server: PostgresServer;
  readonly stateDirectory: string;
  readonly dataDirectory: string;
  /** Every finished segment of the write-ahead log is copied here. */
  readonly archiveDirectory: string;
  /** Kills it, and resolves when it serves again. */
  kill(how: PostgresKill): Promise<void>;
};

/** @param stateDirectory made when absent; everybody may pass, because as root the server runs under another account */
export async function startKillablePostgres(
  supervisor: Supervisor,
  stateDirectory: string,
): Promise<KillablePostgres> {
  mkdirSync(stateDirectory, { recursive: true });
  chmodSync(stateDirectory, 0o711);
  const port = await freePort(HOST);
  const start = (): Promise<PostgresServer> =>
    startPostgres({ host: HOST, port, stateDirectory, supervisor });
  const dataDirectory = join(stateDirectory, 'data');
  const archiveDirectory = join(stateDirectory, 'archive');

  const first = await start();
  await first.stop();
  const { uid, gid } = statSync(dataDirectory);
  mkdirSync(archiveDirectory, { mode: 0o700 });
  chownSync(archiveDirectory, uid, gid);
  // Whole or not at all: the server repeats a copy that it was killed over.
  const copy = `cp "%p" "${archiveDirectory}/%f.part" && mv "${archiveDirectory}/%f.part" "${archiveDirectory}/%f"`;
  appendFileSync(
    join(dataDirectory, 'postgresql.conf'),
    `archive_mode = on\narchive_command = '${copy}'\nmin_wal_size = 32MB\n`,
  );

  let current = await start();
  const again = async (): Promise<void> => {
    await current.exited;
    for (let attempt = 1; ; attempt++) {
      try {
        current = await start();
        return;
      } catch (error) {
        // The last sessions of the one before are still ending.
        if (attempt === 50) throw error;
        await sleep(200);
      }
    }
  };
  return {
    server: { ...current, stop: () => current.stop() },
    ...{ stateDirectory, dataDirectory, archiveDirectory },
    async kill(how) {
      const { pid } = current;
      const children = childrenOf(pid);
      if (how === 'backend') return killSession(current, children);
      process.kill(pid, how === 'immediate' ? 'SIGQUIT' : 'SIGKILL');
      if (how === 'sigkill') for (const child of children) signalIfThere(child);
      await again();
    },
  };
}

/** It must be a session's: that of a background process would do as well, but shows less. */
async function killSession({ adminUrl }: PostgresServer, children: readonly number[]): Promise<void> {
  const session = children.find((pid) => /^postgres: \S+_app /.test(commandLine(pid)));
  const chosen = session ?? children.at(-1);
  if (chosen === undefined) return;
  signalIfThere(chosen);
  const { default: pg } = await import('pg');
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client({ connectionString: adminUrl });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT 1');
      return;
    } catch (error) {
      if (attempt === 200) throw error;
      await sleep(100);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // it has ended meanwhile
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function signalIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}
