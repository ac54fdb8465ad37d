import type { AuditRow } from '@cofferdam/contracts/audit';
import type { Merchants, Queryable } from '@cofferdam/runtime';
import type { AuditLink } from '../domain/audit-chain.ts';

/** What of the trail is wanted. Times: from the first on, up to and without the second. */
export interface TrailFilter {
  merchants: Merchants;
  from?: Date | undefined;
  to?: Date | undefined;
  token?: string | undefined;
  actions?: readonly string[] | undefined;
}

// Microseconds are shown where there are any: we write none, so whoever put them there is to be seen.
const COLUMNS = `writer, position::float8 AS position,
  to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.'
    || CASE WHEN extract(microseconds FROM time)::bigint % 1000 = 0 THEN 'MS' ELSE 'US' END || '"Z"') AS time,
  issuer, subject, action, merchant, token, request_id AS "requestId", detail,
  encode(previous, 'hex') AS previous, encode(hash, 'hex') AS hash`;

const WANTED = `($1::text[] IS NULL OR merchant = ANY ($1)) AND ($2::timestamptz IS NULL OR time >= $2)
  AND ($3::timestamptz IS NULL OR time < $3) AND ($4::text IS NULL OR token = $4)
  AND ($5::text[] IS NULL OR action = ANY ($5))`;

function wanted({ merchants, from, to, token, actions }: TrailFilter): unknown[] {
  return [merchants === '*' ? null : merchants, from ?? null, to ?? null, token ?? null, actions ?? null];
}

/**
 * The next links of one chain that are wanted, after looking at so many of them at most.
 *
 * @returns `upTo`: the last position looked at, undefined where the chain ends
 */
export async function linksOf(
  database: Queryable,
  after: { writer: string; position: number },
  { filter, look }: { filter: TrailFilter; look: number },
): Promise<{ rows: AuditRow[]; looked: number; upTo: number | undefined }> {
  const { rows } = await database.query<AuditRow & { upTo: number | null; looked: number }>({
    name: 'audit-links',
    text: `WITH looked AS MATERIALIZED (
             SELECT * FROM audit WHERE writer = $6 AND position > $7 ORDER BY position LIMIT $8)
           SELECT count.looked, count.up_to AS "upTo", ${COLUMNS}
           FROM (SELECT count(*)::int AS looked, max(position)::float8 AS up_to FROM looked) AS count
           LEFT JOIN looked ON ${WANTED}
           ORDER BY looked.position`,
    values: [...wanted(filter), after.writer, after.position, look],
  });
  const { looked = 0, upTo = null } = rows[0] ?? {};
  const found = rows.filter(({ writer }) => writer !== null);
  return {
    rows: found.map(({ looked: _, upTo: __, ...row }) => row),
    looked,
    upTo: upTo === null || looked < look ? undefined : upTo,
  };
}

/** Everything about one token, oldest first. */
export async function linksOfToken(
  database: Queryable,
  filter: TrailFilter & { token: string },
  { after, limit }: { after: { time: string; writer: string; position: number } | undefined; limit: number },
): Promise<AuditRow[]> {
  const { rows } = await database.query<AuditRow>({
    name: 'audit-links-of-token',
    text: `SELECT ${COLUMNS} FROM audit
           WHERE ${WANTED} AND ($6::timestamptz IS NULL OR (audit.time, audit.writer, audit.position) > ($6, $7, $8))
           ORDER BY audit.time, audit.writer, audit.position LIMIT $9`,
    values: [...wanted(filter), after?.time ?? null, after?.writer ?? '', after?.position ?? 0, limit],
  });
  return rows;
}

/** The first chain after this name, with the times of its ends. */
export async function nextChain(
  database: Queryable,
  after: string,
): Promise<{ writer: string; firstAt: Date; lastAt: Date } | undefined> {
  const { rows } = await database.query<{ writer: string; firstAt: Date; lastAt: Date }>({
    name: 'next-audit-chain',
    text: `SELECT next.writer, first.time AS "firstAt", last.time AS "lastAt"
           FROM (SELECT writer FROM audit WHERE writer > $1 ORDER BY writer LIMIT 1) AS next,
             LATERAL (SELECT time FROM audit a WHERE a.writer = next.writer ORDER BY position LIMIT 1) AS first,
             LATERAL (SELECT time FROM audit a WHERE a.writer = next.writer ORDER BY position DESC LIMIT 1) AS last`,
    values: [after],
  });
  return rows[0];
}

/** The last position of a chain before the first link of this time or later, as times rise along it; 0 for none. */
export async function positionBefore(database: Queryable, writer: string, time: Date): Promise<number> {
  let [low, high] = [0, await lastPosition(database, writer)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const { rows } = await database.query<{ time: Date }>({
      name: 'audit-time-at',
      text: 'SELECT time FROM audit WHERE writer = $1 AND position >= $2 ORDER BY position LIMIT 1',
      values: [writer, middle],
    });
    if (rows[0] && rows[0].time < time) low = middle;
    else high = middle - 1;
  }
  return low;
}

async function lastPosition(database: Queryable, writer: string): Promise<number> {
  const { rows } = await database.query<{ position: number }>({
    name: 'audit-last-position',
    text: `SELECT position::float8 AS position FROM audit WHERE writer = $1 ORDER BY position DESC LIMIT 1`,
    values: [writer],
  });
  return rows[0]?.position ?? 0;
}

/** Links after a head, as they were hashed. */
export async function linksAfter(
  database: Queryable,
  { writer, position }: { writer: string; position: number },
  limit: number,
): Promise<AuditLink[]> {
  const { rows } = await database.query<AuditLink>({
    name: 'audit-links-after',
    text: `SELECT writer, position::float8 AS position, time, issuer, subject, action, merchant, token,
                  request_id AS "requestId", detail, previous, hash
           FROM audit WHERE writer = $1 AND position > $2 ORDER BY position LIMIT $3`,
    values: [writer, position, limit],
  });
  return rows;
}
