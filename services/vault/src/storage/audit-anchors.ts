import type { AnchoredHead, AuditAnchor, ChainHead } from '@cofferdam/contracts/audit';
import type { Queryable } from '@cofferdam/runtime';

/** More than ever run at a time; a later anchor names the rest. */
const MOST_TIPS = 64;

/** Anchors of other runs that no anchor names yet. */
export async function tipsOfOthers(database: Queryable, run: string): Promise<AuditAnchor['previous']> {
  const { rows } = await database.query<AuditAnchor['previous'][number]>({
    name: 'audit-anchor-tips',
    text: `SELECT run, sequence::float8 AS sequence, anchor->>'time' AS time, hash FROM audit_anchors
           WHERE NOT named AND run <> $1 ORDER BY position LIMIT ${MOST_TIPS}`,
    values: [run],
  });
  return rows;
}

/** Keeps an anchor, and what it says about chains. Doing so again changes nothing. */
export async function storeAnchor(database: Queryable, anchor: AuditAnchor): Promise<void> {
  const { heads, previous } = anchor;
  await database.query({
    name: 'store-audit-anchor',
    text: `WITH stored AS (
             INSERT INTO audit_anchors (run, sequence, hash, named, anchor) VALUES ($1, $2, $3, false, $4)
             ON CONFLICT DO NOTHING),
           named AS (UPDATE audit_anchors SET named = true WHERE hash = ANY ($5::text[]))
           INSERT INTO audit_anchored AS a (writer, position, hash)
           SELECT * FROM unnest($6::text[], $7::bigint[], $8::bytea[])
           ON CONFLICT (writer) DO UPDATE SET position = excluded.position, hash = excluded.hash
             WHERE a.position < excluded.position`,
    values: [
      anchor.run,
      anchor.sequence,
      anchor.hash,
      JSON.stringify(anchor),
      previous.map(({ hash }) => hash),
      heads.map(({ writer }) => writer),
      heads.map(({ position }) => position),
      heads.map(({ hash }) => Buffer.from(hash, 'base64url')),
    ],
  });
}

/** A page of anchors, in the order in which they came, and the place behind it. */
export async function anchorsAfter(
  database: Queryable,
  after: number,
  limit: number,
): Promise<{ anchors: string[]; next: number | undefined }> {
  const { rows } = await database.query<{ position: number; anchor: string }>({
    name: 'audit-anchors',
    text: `SELECT position::float8 AS position, anchor::text AS anchor FROM audit_anchors
           WHERE position > $1 ORDER BY position LIMIT $2`,
    values: [after, limit],
  });
  const next = rows.length < limit ? undefined : rows.at(-1)?.position;
  return { anchors: rows.map(({ anchor }) => anchor), next };
}

/** A chain that goes on after the place up to which it is anchored. */
export interface Leftover {
  /** Where it is anchored; position 0 for nowhere. */
  anchored: ChainHead;
}

/**
 * Chains with rows that no anchor covers. Looks at the end of every chain: once a minute, not at every anchor.
 *
 * @param which.quietSince chains with a row of that time or later are not meant, and take no part of the limit
 */
export async function chainsNotAnchored(
  database: Queryable,
  { writers = '', quietSince, limit }: { writers?: string; quietSince?: Date; limit: number },
): Promise<Leftover[]> {
  const { rows } = await database.query<{
    writer: string;
    position: number | null;
    hash: Buffer | null;
  }>({
    text: `WITH RECURSIVE writers AS (
             (SELECT writer FROM audit WHERE writer > $1 ORDER BY writer LIMIT 1)
             UNION ALL
             SELECT (SELECT a.writer FROM audit a WHERE a.writer > w.writer ORDER BY a.writer LIMIT 1)
             FROM writers w WHERE w.writer IS NOT NULL)
           SELECT w.writer, anchored.position::float8 AS position, anchored.hash
           FROM writers w
           CROSS JOIN LATERAL (SELECT position, time FROM audit a WHERE a.writer = w.writer
                               ORDER BY position DESC LIMIT 1) AS last
           LEFT JOIN audit_anchored anchored ON anchored.writer = w.writer
           WHERE starts_with(w.writer, $1) AND last.position > coalesce(anchored.position, 0)
             AND ($3::timestamptz IS NULL OR last.time < $3)
           LIMIT $2`,
    values: [writers, limit, quietSince ?? null],
  });
  return rows.map(({ writer, position, hash }) => ({
    anchored: { writer, position: position ?? 0, hash: hash ?? new Uint8Array(32) },
  }));
}

/** As an anchor names it. */
export function headOf({ writer, position, hash }: ChainHead, origin: AnchoredHead['origin']): AnchoredHead {
  return { writer, position, hash: Buffer.from(hash).toString('base64url'), origin };
}
