import type { QueryResult, QueryResultRow } from 'pg';
import type { Database, Queryable, Statement } from '../database/database.ts';

export interface RelaySession extends Queryable {
  isLost(): boolean;
  end(): void;
}

/**
 * A connection of the relay's own. Its statements run one after another. What it writes (leases and cursors) need not
 * outlive a crash of the database, which is also the end of this connection: what is lost is repeated. So its commits
 * do not wait for the disk, which the vault's own commits are busy with.
 *
 * Code from before the shards owns a topic by an exclusive advisory lock; we hold the same one shared, so that the two
 * never publish at once during a roll-out.
 *
 * @returns undefined while a replica of the release before owns the topic
 */
export async function openSession(database: Database, topic: string): Promise<RelaySession | undefined> {
  const { client, release } = await database.session();
  let lost = false;
  client.on('error', () => {
    lost = true;
  });
  let last: Promise<unknown> = Promise.resolve();
  const session: RelaySession = {
    query: <R extends QueryResultRow>(statement: Statement): Promise<QueryResult<R>> => {
      const result = last.then(() => client.query<R>(statement));
      last = result.catch(() => undefined);
      return result;
    },
    isLost: () => lost,
    end: () => release(true), // ends the connection, and the lock with it
  };
  try {
    const { rows } = await session.query<{ shared: boolean }>({
      text: `SELECT pg_try_advisory_lock_shared(hashtextextended($1, 0)) AS shared,
                    set_config('synchronous_commit', 'off', false)`,
      values: [topic],
    });
    if (rows[0]?.shared) return session;
  } catch (error) {
    session.end();
    throw error;
  }
  session.end();
  return undefined;
}
