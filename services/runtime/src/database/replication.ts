import type { CheckResult } from '../http/readiness.ts';
import type { Queryable } from './database.ts';

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
  // Who may not see the standbys' details still sees how many there are.
  const text = `SELECT current_setting('synchronous_standby_names') AS names,
                       (SELECT count(*)::int FROM pg_stat_replication) AS standbys`;
  const { rows } = await database.query<{ names: string; standbys: number }>({ name: 'replication', text });
  const { names = '', standbys = 0 } = rows[0] ?? {};
  if (names === '') {
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
