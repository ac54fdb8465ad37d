import type { AuditRow } from '@cofferdam/contracts/audit';
import { type Database, ProblemError } from '@cofferdam/runtime';
import { z } from 'zod';
import {
  linksOf,
  linksOfToken,
  nextChain,
  positionBefore,
  type TrailFilter,
} from '../storage/audit-trail.ts';

export interface TrailPage {
  rows: AuditRow[];
  /** Where the next page begins; undefined after the last. A page may be empty and not the last. */
  next: string | undefined;
}

/** A page looks at no more rows than this, wanted or not: what is asked for rarely does not hold a connection. */
const MOST_LOOKED_AT = 20_000;
/** An entry has the time at which it was made, which is shortly before it is committed. */
const OUT_OF_ORDER_MS = 300_000;

// Both are ours, but a caller can send anything: a database takes neither NUL nor the year 0.
const Writer = z.string().regex(/^[\x20-\x7e]{0,400}$/);
const Time = z.iso.datetime().refine((time) => Date.parse(time) >= 0);
const ChainCursor = z.tuple([Writer, z.int().min(0)]);
const TokenCursor = z.tuple([Time, Writer, z.int().min(0)]);

/**
 * A page of the audit trail: of one token in order of time, otherwise chain after chain in order of position, which is
 * how they are verified. Whatever is committed before the first page is read is in one of the pages.
 *
 * @throws {ProblemError} invalid_request, database_unavailable
 */
export async function readTrail(
  database: Database,
  { filter, after, limit }: { filter: TrailFilter; after: string | undefined; limit: number },
): Promise<TrailPage> {
  const { token } = filter;
  if (token !== undefined) {
    const from = after === undefined ? undefined : tokenPlace(decode(TokenCursor, after));
    const rows = await linksOfToken(database, { ...filter, token }, { after: from, limit });
    const last = rows.at(-1);
    const next = last && rows.length === limit ? encode([last.time, last.writer, last.position]) : undefined;
    return { rows, next };
  }
  return readChains(database, filter, {
    after: after === undefined ? ['', 0] : decode(ChainCursor, after),
    limit,
  });
}

async function readChains(
  database: Database,
  filter: TrailFilter,
  { after: [writer, position], limit }: { after: [string, number]; limit: number },
): Promise<TrailPage> {
  const rows: AuditRow[] = [];
  let left = MOST_LOOKED_AT;
  let at = { writer, position };
  for (;;) {
    const end = at.writer === '' ? 0 : await endIn(database, at.writer, filter);
    while (at.position < end) {
      const look = Math.min(left, limit - rows.length, end - at.position);
      const links = await linksOf(database, at, { filter, look });
      rows.push(...links.rows);
      left -= links.looked;
      // Behind the last: a row that comes now is of a later time than the trail's.
      at = { ...at, position: links.upTo ?? Number.MAX_SAFE_INTEGER };
      if (left <= 0 || rows.length >= limit) return { rows, next: encode([at.writer, at.position]) };
    }
    const next = await nextChain(database, at.writer);
    if (next === undefined) return { rows, next: undefined };
    at = { writer: next.writer, position: await startIn(database, next, filter) };
    if (--left <= 0) return { rows, next: encode([at.writer, at.position]) };
  }
}

type Chain = NonNullable<Awaited<ReturnType<typeof nextChain>>>;

/** Behind which position to begin, so that nothing that is wanted lies before. */
async function startIn(
  database: Database,
  { writer, firstAt, lastAt }: Chain,
  { from, to }: TrailFilter,
): Promise<number> {
  if (to && firstAt.getTime() > to.getTime() + OUT_OF_ORDER_MS) return Number.MAX_SAFE_INTEGER;
  if (!from) return 0;
  const earliest = new Date(from.getTime() - OUT_OF_ORDER_MS);
  return lastAt < earliest ? Number.MAX_SAFE_INTEGER : positionBefore(database, writer, earliest);
}

/** Up to which position to look. */
async function endIn(database: Database, writer: string, { to }: TrailFilter): Promise<number> {
  if (!to) return Number.MAX_SAFE_INTEGER;
  return positionBefore(database, writer, new Date(to.getTime() + OUT_OF_ORDER_MS));
}

function tokenPlace([time, writer, position]: z.infer<typeof TokenCursor>) {
  return { time, writer, position };
}

function encode(cursor: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function decode<S extends z.ZodType>(schema: S, cursor: string): z.infer<S> {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch {
    throw new ProblemError('invalid_request', {
      detail: 'The cursor is not one of this trail and these filters.',
      errors: [{ field: 'after', message: 'must be that of an earlier answer' }],
    });
  }
}
