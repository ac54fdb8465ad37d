import type { Queryable } from '../database/database.ts';
import { type Cursor, furthest, isBefore } from './cursor.ts';
import { readProgress, SHARDS } from './shards.ts';
import { quota } from './share.ts';

export interface LeaseOptions {
  topic: string;
  /** This run of this replica; never used again by another. */
  member: string;
  /** How long a lease outlives its last renewal. */
  leaseMs: number;
}

interface Held {
  /** Counts the owners that the shard has had: what an earlier one writes is refused by it. */
  readonly fence: string;
  /** Up to here events have been read for publishing, are with the broker, and are noted as being there. */
  read: Cursor;
  published: Cursor;
  saved: Cursor;
}

interface Look {
  /** Everybody who is alive. */
  members: string[];
  mine: number[];
  /** How far the shard is that is least far. */
  behind: string;
}

/** The shards that a read is made for, and from where. */
export interface Reading {
  readonly held: ReadonlyMap<number, Held>;
  readonly cursors: ReadonlyMap<number, Cursor>;
}

/**
 * One replica's part in the shards of a topic. A shard is owned by whoever its row names, as long as that member
 * renews its lease; a member that has stopped renewing is nobody, and its shards are free. All times are compared by
 * the database's clock, and by our own monotonic one from before the renewal was sent: we stop before others begin.
 */
export class ShardLeases {
  readonly #database: Queryable;
  readonly #options: LeaseOptions;
  readonly #held = new Map<number, Held>();
  #surplus = new Set<number>();
  #validUntil = 0;
  /** What older code was told last. */
  #told = '';

  /** @param database one that runs its statements one after another */
  constructor(database: Queryable, options: LeaseOptions) {
    this.#database = database;
    this.#options = options;
  }

  get owned(): number[] {
    return [...this.#held.keys()];
  }

  isValid(): boolean {
    return performance.now() < this.#validUntil;
  }

  /** Whether the shard is still ours, without a break since the reading began. */
  owns(shard: number, { held }: Reading): boolean {
    return this.#held.has(shard) && this.#held.get(shard) === held.get(shard);
  }

  /**
   * When something that was read is not published: our shards are taken anew at the next renewal, and read from what
   * was saved. To go on would leave a hole.
   */
  startOver(): void {
    this.#held.clear();
  }

  /** Shards that are being given up are read no further. */
  beginReading(): Reading {
    const held = new Map([...this.#held].filter(([shard]) => !this.#surplus.has(shard)));
    return { held, cursors: new Map([...held].map(([shard, { read }]) => [shard, read])) };
  }

  hasRead({ held }: Reading, next: Cursor): void {
    for (const lease of held.values()) lease.read = furthest(lease.read, next);
  }

  /** Readings are published in the order in which they were made. */
  hasPublished({ held }: Reading, next: Cursor): void {
    for (const lease of held.values()) lease.published = furthest(lease.published, next);
  }

  /** Makes the rows of a topic that is new, from where older code has come to. */
  async prepare(): Promise<void> {
    await this.#database.query({
      text: `INSERT INTO outbox_shard (topic, shard, horizon, position)
             SELECT $1, shard, coalesce(horizon, '0'), coalesce(position, 0)
             FROM generate_series(0, ${SHARDS - 1}) AS shard
             LEFT JOIN outbox_relay ON topic = $1
             ON CONFLICT DO NOTHING`,
      values: [this.#options.topic],
    });
  }

  /** Renews the lease, and takes shards or marks some for giving up, so that all replicas have about as many. */
  async renew(): Promise<void> {
    // After a pause longer than the lease others have taken over, whether or not their rows say so yet.
    if (!this.isValid()) this.startOver();
    const sentAt = performance.now();
    await this.#beat();
    const { members, mine, behind } = await this.#look();
    this.#validUntil = sentAt + this.#options.leaseMs;
    for (const shard of this.owned) if (!mine.includes(shard)) this.#held.delete(shard);
    const wanted = quota(members, this.#options.member, SHARDS);
    this.#surplus = new Set(this.owned.sort((a, b) => a - b).slice(wanted));
    if (this.#held.size < wanted) await this.#claim(wanted - this.#held.size);
    if (behind !== this.#told) await this.#tellOlderCode();
    this.#told = behind;
  }

  /** Notes how far the broker has got each shard. */
  async save(): Promise<void> {
    const dirty = [...this.#held].filter(([, { saved, published }]) => isBefore(saved, published));
    if (dirty.length === 0) return;
    const cursors = dirty.map(([, { published }]) => published);
    const { rows } = await this.#database.query<{ shard: number }>({
      name: 'outbox-save-shards',
      text: `UPDATE outbox_shard AS s SET horizon = n.horizon, position = n.position
             FROM unnest($2::int[], $3::bigint[], $4::xid8[], $5::bigint[]) AS n (shard, fence, horizon, position)
             WHERE s.topic = $1 AND s.shard = n.shard AND s.fence = n.fence
               AND (s.horizon, s.position) < (n.horizon, n.position)
             RETURNING s.shard`,
      values: [
        this.#options.topic,
        dirty.map(([shard]) => shard),
        dirty.map(([, { fence }]) => fence),
        cursors.map(({ horizon }) => horizon),
        cursors.map(({ position }) => position),
      ],
    });
    const saved = new Set(rows.map(({ shard }) => shard));
    for (const [i, [shard, lease]] of dirty.entries()) {
      if (saved.has(shard)) lease.saved = cursors[i] ?? lease.saved;
      else if (this.#held.get(shard) === lease) this.#held.delete(shard); // somebody else's by now
    }
  }

  /** Lets go of what is too much and not under way. */
  async giveUpSurplus(): Promise<void> {
    const idle = [...this.#surplus].filter((shard) => {
      const lease = this.#held.get(shard);
      return lease && !isBefore(lease.published, lease.read);
    });
    if (idle.length === 0) return;
    await this.save();
    await this.#release(idle);
  }

  /** Lets go of everything, so that others need not wait for the lease to end. */
  async leave(): Promise<void> {
    await this.save();
    await this.#release(this.owned);
    const { topic, member } = this.#options;
    await this.#database.query({
      text: 'DELETE FROM outbox_member WHERE topic = $1 AND member = $2',
      values: [topic, member],
    });
  }

  async #beat(): Promise<void> {
    const { topic, member, leaseMs } = this.#options;
    await this.#database.query({
      name: 'outbox-beat',
      text: `WITH gone AS (
               DELETE FROM outbox_member WHERE topic = $1 AND expires_at < now() - interval '10 minutes')
             INSERT INTO outbox_member (topic, member, expires_at)
             VALUES ($1, $2, now() + $3 * interval '1 millisecond')
             ON CONFLICT (topic, member) DO UPDATE SET expires_at = excluded.expires_at`,
      values: [topic, member, leaseMs],
    });
  }

  async #look(): Promise<Look> {
    const { topic, member } = this.#options;
    const { rows } = await this.#database.query<Look>({
      name: 'outbox-look',
      text: `SELECT ARRAY (SELECT member FROM outbox_member WHERE topic = $1 AND expires_at > now()
                           ORDER BY member COLLATE "C") AS members,
                    ARRAY (SELECT shard::int FROM outbox_shard WHERE topic = $1 AND owner = $2) AS mine,
                    (SELECT horizon || '.' || position FROM outbox_shard WHERE topic = $1
                     ORDER BY outbox_shard.horizon, outbox_shard.position LIMIT 1) AS behind`,
      values: [topic, member],
    });
    return rows[0] ?? { members: [], mine: [], behind: '' };
  }

  async #claim(count: number): Promise<void> {
    const { topic, member } = this.#options;
    const { rows } = await this.#database.query<{ shard: number; fence: string }>({
      name: 'outbox-claim',
      text: `UPDATE outbox_shard AS s SET owner = $2, fence = s.fence + 1
             FROM (
               SELECT shard FROM outbox_shard AS f
               WHERE topic = $1 AND shard <> ALL ($3::int[]) AND (owner IS NULL OR owner = $2 OR NOT EXISTS (
                 SELECT 1 FROM outbox_member AS m
                 WHERE m.topic = f.topic AND m.member = f.owner AND m.expires_at > now()))
               ORDER BY shard LIMIT $4 FOR UPDATE OF f SKIP LOCKED) AS free
             WHERE s.topic = $1 AND s.shard = free.shard
             RETURNING s.shard::int AS shard, s.fence::text AS fence`,
      values: [topic, member, this.owned, count],
    });
    if (rows.length === 0) return;
    // After the claim: what the owner before has saved until then is in it.
    const progress = await readProgress(this.#database, topic);
    for (const { shard, fence } of rows) {
      const cursor = progress[shard];
      if (cursor) this.#held.set(shard, { fence, read: cursor, published: cursor, saved: cursor });
    }
  }

  async #release(shards: number[]): Promise<void> {
    const { topic, member } = this.#options;
    await this.#database.query({
      name: 'outbox-release',
      text: 'UPDATE outbox_shard SET owner = NULL WHERE topic = $1 AND owner = $2 AND shard = ANY ($3::int[])',
      values: [topic, member, shards],
    });
    for (const shard of shards) this.#held.delete(shard);
  }

  /**
   * Code from before the shards has one cursor for all of them: after a rollback it goes on behind the shard that is
   * least far, and repeats some of the others.
   */
  async #tellOlderCode(): Promise<void> {
    await this.#database.query({
      name: 'outbox-tell-older-code',
      text: `INSERT INTO outbox_relay AS r (topic, horizon, position)
             SELECT topic, horizon, position FROM outbox_shard WHERE topic = $1
             ORDER BY outbox_shard.horizon, outbox_shard.position LIMIT 1
             ON CONFLICT (topic) DO UPDATE SET horizon = excluded.horizon, position = excluded.position
             WHERE (r.horizon, r.position) < (excluded.horizon, excluded.position)`,
      values: [this.#options.topic],
    });
  }
}
