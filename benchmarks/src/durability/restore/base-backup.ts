import { chownSync, copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { KillablePostgres } from '../postgres.ts';

/** Not copied: of the server that runs, or made anew by the one that starts. */
const LEFT_OUT = new Set([
  ...['postmaster.pid', 'postmaster.opts', 'pg_internal.init'],
  ...[
    'pg_wal',
    'pg_replslot',
    'pg_dynshmem',
    'pg_notify',
    'pg_serial',
    'pg_snapshots',
    'pg_stat_tmp',
    'pg_subtrans',
  ],
]);

/**
 * A base backup by PostgreSQL's low-level interface (`pg_backup_start`, a copy of the files while they are written to,
 * `pg_backup_stop`): pg_basebackup, and what backup tools do, without those programs, which are not at hand here.
 *
 * @param directory where it goes; made
 */
export async function takeBaseBackup(postgres: KillablePostgres, directory: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.server.adminUrl });
  client.on('error', () => {}); // the query that waits says so
  await client.connect();
  try {
    await client.query(`SELECT pg_backup_start('drill', fast => true)`);
    copyData(postgres.dataDirectory, directory, statSync(postgres.dataDirectory));
    const { rows } = await client.query<{ label: string; tablespaces: string }>(
      'SELECT labelfile AS label, spcmapfile AS tablespaces FROM pg_backup_stop()',
    );
    const [stopped] = rows;
    if (!stopped) throw new Error('pg_backup_stop answered with nothing');
    // With it recovery begins where the backup began, and not at the checkpoint that pg_control happened to name.
    writeFileSync(join(directory, 'backup_label'), stopped.label);
    const { uid, gid } = statSync(postgres.dataDirectory);
    chownSync(join(directory, 'backup_label'), uid, gid);
  } finally {
    await client.end().catch(() => {});
  }
}

type Owner = { uid: number; gid: number };

/** @param from undefined: nothing is in it, but the directory has to be there */
export function copyData(from: string | undefined, to: string, owner: Owner): void {
  mkdirSync(to, { mode: 0o700 });
  chownSync(to, owner.uid, owner.gid);
  if (from === undefined) return;
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      copyData(LEFT_OUT.has(entry.name) ? undefined : source, target, owner);
    } else if (entry.isFile() && !LEFT_OUT.has(entry.name)) copyIfThere(source, target, owner);
  }
}

/** What is dropped while it is copied is dropped again by the write-ahead log. */
function copyIfThere(source: string, target: string, { uid, gid }: Owner): void {
  try {
    copyFileSync(source, target);
    chownSync(target, uid, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
