import type { Statusz } from '@cofferdam/contracts';
import type { CheckResult } from '../http/readiness.ts';
import type { Queryable } from './database.ts';

type Replication = NonNullable<Statusz['replication']>;

/**
 * What the database says of synchronous replication: whether it waits for standbys, and how many are there. Who may see
 * their details (`pg_read_all_stats`) does not count those that nobody waits for; others see only how many there are.
 */
export async function readReplication(database: Queryable): Promise<Pick<Replication, 'waits' | 'standbys'>> {
  const { rows } = await database.query<{ waits: boolean; standbys: number }>({
    name: 'replication',
    text: `SELECT current_setting('synchronous_standby_names') <> '' AS waits,
                  (SELECT count(*)::int FROM pg_stat_replication
                   WHERE coalesce(sync_state IN ('sync', 'quorum'), true)) AS standbys`,
  });
  return rows[0] ?? { waits: false, standbys: 0 };
}

/**
 * Resolves when everything that was committed and seen until now is where the database's own commits have to be: on its
 * disk and, where it waits for a synchronous standby, on that one's. A commit that is seen usually is there, but one whose
 * session was ended while it waited is seen, too, and may not be. A later commit that is acknowledged vouches for
 * all before it, and so this one writes the least that PostgreSQL waits for.
 */
export async function confirmCommitted(database: Queryable): Promise<void> {
  await database.query({ text: `SELECT pg_logical_emit_message(true, 'cofferdam', '')` });
}

/**
 * Whether what is acknowledged is on a second machine, where somebody asked for that: the settings of this service, or
 * the database's own. A warning: with one copy it serves as before, and with none that answers, writes wait by
 * themselves.
 *
 * @param options.asked whether this service's settings want it
 */
export async function replicationCheck(
  database: Queryable,
  { asked }: { asked: boolean },
): Promise<CheckResult> {
  const { waits, standbys } = await readReplication(database);
  if (!waits) {
    return (
      !asked || {
        warning:
          'synchronous replication is asked for, and the database has no synchronous_standby_names: what is acknowledged is on one machine',
      }
    );
  }
  return (
    standbys > 0 || {
      warning: 'the database waits for a synchronous standby, and none is connected: writes are not answered',
    }
  );
}
