import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '@cofferdam/devcluster/addons';
import type { Supervisor } from '@cofferdam/devcluster/process';
import pg from 'pg';
import type { KillablePostgres } from '../postgres.ts';
import { copyData } from './base-backup.ts';

export type Recovery = {
  supervisor: Supervisor;
  postgres: KillablePostgres;
  backup: string;
  /** Where the new server gets its data and log. */
  stateDirectory: string;
  /** Everything that was committed up to then, and nothing later. */
  pointInTime: Date;
};

/** Closes the segment that is being written, and waits until the archive has it. */
export async function archiveEverything({ server, archiveDirectory }: KillablePostgres): Promise<void> {
  const client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ segment: string }>(
      'SELECT pg_walfile_name(pg_switch_wal()) AS segment',
    );
    const file = join(archiveDirectory, rows[0]?.segment ?? '');
    for (let tries = 0; !existsSync(file); tries++) {
      if (tries === 600) throw new Error(`${file} was not archived within 60 s`);
      await sleep(100);
    }
  } finally {
    await client.end();
  }
}

/** Another server, at the address of the one that is lost, with its data as they were at the point in time. */
export async function recover(recovery: Recovery): Promise<PostgresServer> {
  const { supervisor, postgres, backup, stateDirectory, pointInTime } = recovery;
  const { server, archiveDirectory } = postgres;
  const owner = statSync(postgres.dataDirectory);
  mkdirSync(stateDirectory);
  chmodSync(stateDirectory, 0o711);
  const dataDirectory = join(stateDirectory, 'data');
  copyData(backup, dataDirectory, owner);
  copyFileSync(
    join(postgres.stateDirectory, 'superuser-password'),
    join(stateDirectory, 'superuser-password'),
  );
  const signal = join(dataDirectory, 'recovery.signal');
  writeFileSync(signal, '');
  chownSync(signal, owner.uid, owner.gid);
  appendFileSync(
    join(dataDirectory, 'postgresql.conf'),
    [
      `restore_command = 'cp "${archiveDirectory}/%f" "%p"'`,
      `recovery_target_time = '${pointInTime.toISOString().replace('T', ' ').replace('Z', '+00')}'`,
      `recovery_target_action = 'promote'\n`,
    ].join('\n'),
  );
  const { host, port } = server;
  const restored = await startPostgres({ host, port, stateDirectory, supervisor });
  await untilPromoted(restored);
  return restored;
}

/** While it recovers it answers queries, and takes no writes. */
async function untilPromoted({ adminUrl, logFile }: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  client.on('error', () => {}); // the query that waits says so
  await client.connect();
  try {
    for (let tries = 0; ; tries++) {
      const { rows } = await client.query<{ recovering: boolean }>(
        'SELECT pg_is_in_recovery() AS recovering',
      );
      if (rows[0]?.recovering === false) return;
      if (tries === 600) throw new Error(`PostgreSQL has not recovered within 60 s: ${logFile}`);
      await sleep(100);
    }
  } finally {
    await client.end();
  }
}
