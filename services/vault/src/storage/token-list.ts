import type { Queryable } from '@cofferdam/runtime';
import type { ListPosition } from '../domain/list-cursor.ts';
import { isLive, type StoredToken } from './tokens.ts';

/** Undefined members do not filter. */
export interface TokenFilter {
  state: 'active' | 'deleted';
  cardId: string | undefined;
  /** For whom they are on file. */
  customer: string | undefined;
  brand: string | undefined;
  bin: string | undefined;
  lastFour: string | undefined;
  /** The first month in which the card is not good any more: `year * 12 + month`. */
  expiryBefore: number | undefined;
  createdFrom: Date | undefined;
  createdBefore: Date | undefined;
}

type Shown = Pick<StoredToken, 'token' | 'recordVersion' | 'createdAt' | 'updatedAt'>;
/** Only its name is left of a deleted token. */
export type TokenRow = (StoredToken & { state: 'active' }) | (Shown & { state: 'deleted' });

/**
 * How many tokens a page looks through for those that fit, so that a rare one costs several requests of a bounded size
 * and not one without bounds, and no index of its own in the way of every write.
 */
const LOOKED_THROUGH = 10_000;

/**
 * A merchant's tokens after a position, newest first.
 *
 * @returns at most `limit` of them, and where to go on, if there may be more
 */
export async function tokensAfter(
  database: Queryable,
  merchant: string,
  filter: TokenFilter,
  page: { after: ListPosition | undefined; limit: number },
): Promise<{ tokens: TokenRow[]; next: ListPosition | undefined }> {
  const narrowing = NARROWING.filter(({ of }) => of(filter) !== undefined);
  const { rows } = await database.query<ListRow>({
    name: ['list-tokens', ...narrowing.map(({ name }) => name)].join('-'),
    text: statement(narrowing.map(({ condition }, i) => condition(`$${i + 12}`))),
    values: [
      merchant,
      page.after?.createdAt ?? 'infinity',
      page.after?.id ?? '',
      filter.createdFrom ?? '-infinity',
      filter.createdBefore ?? 'infinity',
      filter.state,
      filter.brand ?? null,
      filter.bin ?? null,
      filter.lastFour ?? null,
      filter.expiryBefore ?? null,
      page.limit + 1,
      ...narrowing.map(({ of }) => of(filter)),
    ],
  });
  const [first] = rows;
  const found = rows.filter((row) => row.token !== null) as FoundRow[];
  const tokens = found.slice(0, page.limit).map(({ endToken, endCreatedAt, lookedThrough, ...row }) => row);
  const last = found.length > page.limit ? tokens.at(-1) : undefined;
  return { tokens, next: last ? { createdAt: last.createdAt, id: last.token } : endOf(first) };
}

/** Filters behind which there is an index: only what fits them is looked through. */
const NARROWING: readonly {
  name: string;
  of: (filter: TokenFilter) => string | undefined;
  condition: (value: string) => string;
}[] = [
  { name: 'of-card', of: ({ cardId }) => cardId, condition: (value) => `card_id = ${value}` },
  {
    name: 'of-customer',
    of: ({ customer }) => customer,
    // An array, which the planner looks up one by one: joined, it might walk through all of the merchant's tokens.
    condition: (value) =>
      `token = ANY (ARRAY (SELECT d.token FROM credentials d WHERE d.customer = ${value} AND d.merchant = $1))`,
  },
];

/** The last token that was looked at, when that was not the merchant's last one. */
function endOf(row: ListRow | undefined): ListPosition | undefined {
  if (!row || Number(row.lookedThrough) < LOOKED_THROUGH) return undefined;
  return { createdAt: row.endCreatedAt, id: row.endToken };
}

interface End {
  endToken: string;
  endCreatedAt: Date;
  lookedThrough: string;
}
type FoundRow = TokenRow & End;
type ListRow = FoundRow | (End & { token: null });

/** One statement, so that what was looked through and what was found are of the same moment. */
function statement(conditions: readonly string[]): string {
  return `
    WITH looked_through AS MATERIALIZED (
      SELECT *, CASE WHEN ${isLive('tokens')} THEN 'active' ELSE 'deleted' END AS shown_state
      FROM tokens
      WHERE merchant = $1 AND (created_at, token) < ($2::timestamptz, $3)
        AND created_at >= $4::timestamptz AND created_at < $5::timestamptz
        ${conditions.map((condition) => `AND ${condition}`).join(' ')}
      ORDER BY created_at DESC, token DESC LIMIT ${LOOKED_THROUGH}),
    found AS (
      SELECT * FROM looked_through
      WHERE shown_state = $6
        AND ($7::text IS NULL OR brand = $7)
        AND ($8::text IS NULL OR bin LIKE $8 || '%')
        AND ($9::text IS NULL OR last_four = $9)
        AND ($10::int IS NULL OR expiry_year * 12 + expiry_month < $10)
      ORDER BY created_at DESC, token DESC LIMIT $11),
    last AS (
      SELECT created_at, token, count(*) OVER () AS looked_through FROM looked_through
      ORDER BY created_at, token LIMIT 1)
    SELECT l.token AS "endToken", l.created_at AS "endCreatedAt", l.looked_through AS "lookedThrough",
           f.token, f.merchant, f.shown_state AS state, f.card_id AS "cardId", f.brand, f.bin,
           f.last_four AS "lastFour", f.expiry_month AS "expiryMonth", f.expiry_year AS "expiryYear",
           f.card_state AS "cardState", f.record_version AS "recordVersion", f.created_at AS "createdAt", f.updated_at AS "updatedAt",
           f.expires_at AS "expiresAt"
    FROM last l LEFT JOIN found f ON true
    ORDER BY f.created_at DESC, f.token DESC`;
}
