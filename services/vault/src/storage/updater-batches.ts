import type { Database, Queryable, Transaction } from '@cofferdam/runtime';

export interface UpdaterBatchRow {
  batch: string;
  createdAt: Date;
  /** Of the state that it is in. */
  attempts: number;
}

/** How far the walk through the tokens has come, and when the last batch was made. */
export interface UpdaterWalk {
  afterToken: string;
  startedAt: Date;
  finishedAt: Date | null;
  lastBatchAt: Date | null;
}

/** Held until the commit: one replica at a time looks for cards and makes batches. Undefined: another one does. */
export async function takeWalk(transaction: Transaction): Promise<UpdaterWalk | undefined> {
  const { rows } = await transaction.query<UpdaterWalk>({
    name: 'take-updater-walk',
    text: `SELECT after_token AS "afterToken", started_at AS "startedAt", finished_at AS "finishedAt",
                  last_batch_at AS "lastBatchAt"
           FROM updater_walk FOR UPDATE SKIP LOCKED`,
  });
  return rows[0];
}

export async function storeWalk(transaction: Transaction, walk: UpdaterWalk): Promise<void> {
  await transaction.query({
    name: 'store-updater-walk',
    text: 'UPDATE updater_walk SET after_token = $1, started_at = $2, finished_at = $3, last_batch_at = $4',
    values: [walk.afterToken, walk.startedAt, walk.finishedAt, walk.lastBatchAt],
  });
}

export async function insertBatch(transaction: Transaction, batch: string, now: Date): Promise<void> {
  await transaction.query({
    text: `INSERT INTO updater_batches (batch, state, created_at, next_at) VALUES ($1, 'new', $2, $2)`,
    values: [batch, now],
  });
}

/** One whose time has come, left to nobody else until `until`. */
export async function takeBatch(
  database: Database,
  state: 'new' | 'sent',
  { now, until }: { now: Date; until: Date },
): Promise<UpdaterBatchRow | undefined> {
  const { rows } = await database.query<UpdaterBatchRow>({
    name: 'take-updater-batch',
    text: `UPDATE updater_batches SET next_at = $3, attempts = attempts + 1
           WHERE batch = (SELECT batch FROM updater_batches WHERE state = $1 AND next_at <= $2
                          ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING batch, created_at AS "createdAt", attempts`,
    values: [state, now, until],
  });
  return rows[0];
}

/** @param attempts begin anew where the state is another one */
export async function moveBatch(
  database: Queryable,
  batch: string,
  to: { state: 'new' | 'sent' | 'finished' | 'abandoned'; nextAt: Date; attempts?: number },
): Promise<void> {
  const isOver = to.state === 'finished' || to.state === 'abandoned';
  await database.query({
    name: 'move-updater-batch',
    text: `UPDATE updater_batches SET state = $2, next_at = $3, attempts = coalesce($4, attempts), finished_at = $5
           WHERE batch = $1 AND state IN ('new', 'sent')`,
    values: [batch, to.state, to.nextAt, to.attempts ?? null, isOver ? to.nextAt : null],
  });
}
