import type { Queryable, Transaction } from '@cofferdam/runtime';
import type { SealedRecord } from './records.ts';
import { isLive } from './tokens.ts';

/** A merchant may ask again after a day; cards that are about to expire are asked about every two weeks. */
const RECENTLY = `interval '1 day'`;
const AGAIN_AFTER = `interval '14 days'`;

const ASK_ANEW = `requested_at = excluded.requested_at, reason = excluded.reason, batch = NULL, batch_row = NULL,
                  card_id = NULL, expiry_month = NULL, expiry_year = NULL, answered_at = NULL`;

/** Cards of a merchant that are to be asked about next. @returns how many of the tokens are there, and were noted */
export async function requestInquiries(
  transaction: Transaction,
  merchant: string,
  { tokens, now }: { tokens: readonly string[]; now: Date },
): Promise<{ known: number; accepted: number }> {
  const { rows } = await transaction.query<{ known: number; accepted: number }>({
    name: 'request-inquiries',
    text: `WITH known AS (
             SELECT token FROM tokens WHERE merchant = $1 AND token = ANY ($2::text[]) AND ${isLive('tokens')}
           ), noted AS (
             INSERT INTO card_inquiries AS i (token, merchant, reason, requested_at)
             SELECT token, $1, 'declined', $3 FROM known ORDER BY token
             ON CONFLICT (token) DO UPDATE SET ${ASK_ANEW}
             WHERE i.answered_at < excluded.requested_at - ${RECENTLY}
             RETURNING 1
           )
           SELECT (SELECT count(*) FROM known)::integer AS known, (SELECT count(*) FROM noted)::integer AS accepted`,
    values: [merchant, tokens, now],
  });
  return rows[0] ?? { known: 0, accepted: 0 };
}

/**
 * Of the tokens after that one, so many at most, notes those whose cards expire in these months (`year * 12 + month`,
 * both inclusive) and were not asked about lately. No index leads to them, which every tokenization would pay for.
 *
 * @returns the last token that was looked at; undefined at the end
 */
export async function noteExpiring(
  transaction: Transaction,
  { after, limit }: { after: string; limit: number },
  { from, to, now }: { from: number; to: number; now: Date },
): Promise<string | undefined> {
  const { rows } = await transaction.query<{ last: string | null }>({
    name: 'note-expiring',
    text: `WITH looked_at AS MATERIALIZED (
             SELECT * FROM tokens WHERE token > $1 ORDER BY token LIMIT ${limit}
           ), noted AS (
             INSERT INTO card_inquiries AS i (token, merchant, reason, requested_at)
             SELECT token, merchant, 'expiring', $4::timestamptz FROM looked_at t
             WHERE ${isLive('t')} AND t.card_state IS DISTINCT FROM 'closed'
               AND t.expiry_year * 12 + t.expiry_month BETWEEN $2 AND $3
             ORDER BY token
             ON CONFLICT (token) DO UPDATE SET ${ASK_ANEW}
             WHERE i.answered_at < excluded.requested_at - ${AGAIN_AFTER}
           )
           SELECT max(token) AS last FROM looked_at`,
    values: [after, from, to, now],
  });
  return rows[0]?.last ?? undefined;
}

/** Gives the oldest that wait their places in a batch, with the cards as they are now. @returns how many */
export async function takeInquiries(transaction: Transaction, batch: string, limit: number): Promise<number> {
  const { rowCount } = await transaction.query({
    name: 'take-inquiries',
    text: `WITH oldest AS (
             SELECT i.token, t.card_id, t.expiry_month, t.expiry_year
             FROM card_inquiries i JOIN tokens t ON t.token = i.token AND ${isLive('t')}
             WHERE i.batch IS NULL AND i.answered_at IS NULL
             ORDER BY i.requested_at, i.token LIMIT $2 FOR UPDATE OF i SKIP LOCKED
           )
           UPDATE card_inquiries i SET batch = $1, batch_row = numbered.row, card_id = numbered.card_id,
                  expiry_month = numbered.expiry_month, expiry_year = numbered.expiry_year
           FROM (SELECT *, row_number() OVER (ORDER BY token) AS row FROM oldest) AS numbered
           WHERE i.token = numbered.token`,
    values: [batch, limit],
  });
  return rowCount ?? 0;
}

export interface AskedCard {
  token: string;
  merchant: string;
  row: number;
  cardId: string;
  expiryMonth: number;
  expiryYear: number;
}

const ASKED = `i.token, i.merchant, i.batch_row AS row, i.card_id AS "cardId", i.expiry_month AS "expiryMonth",
  i.expiry_year AS "expiryYear"`;

/** What a batch asks about and has no answer to. */
export async function findAsked(database: Queryable, batch: string): Promise<AskedCard[]> {
  const { rows } = await database.query<AskedCard>({
    name: 'find-asked',
    text: `SELECT ${ASKED} FROM card_inquiries i WHERE i.batch = $1 AND i.answered_at IS NULL ORDER BY i.batch_row`,
    values: [batch],
  });
  return rows;
}

/** The cards of a batch, sealed; those that have changed since, and those that are gone, are left out. */
export async function findSealedCards(
  database: Queryable,
  batch: string,
): Promise<(AskedCard & { record: SealedRecord })[]> {
  const { rows } = await database.query<AskedCard & Omit<SealedRecord, 'token'>>({
    name: 'find-asked-cards',
    text: `SELECT ${ASKED}, r.version, r.format, r.key_version AS "keyVersion", r.sealed
           FROM card_inquiries i
           JOIN tokens t ON t.token = i.token AND ${isLive('t')} AND t.card_id = i.card_id
             AND t.expiry_month = i.expiry_month AND t.expiry_year = i.expiry_year
           JOIN records r ON r.token = t.token AND r.version = t.record_version
           WHERE i.batch = $1 AND i.answered_at IS NULL ORDER BY i.batch_row`,
    values: [batch],
  });
  return rows.map(({ version, format, keyVersion, sealed, ...asked }) => ({
    ...asked,
    record: { token: asked.token, version, format, keyVersion, sealed },
  }));
}

export async function markAnswered(
  database: Queryable,
  { batch, tokens }: { batch: string; tokens: readonly string[] },
  now: Date,
): Promise<void> {
  await database.query({
    name: 'mark-answered',
    text: 'UPDATE card_inquiries SET answered_at = $3 WHERE batch = $1 AND token = ANY ($2::text[]) AND answered_at IS NULL',
    values: [batch, tokens, now],
  });
}

/** They wait for another batch. */
export async function releaseInquiries(transaction: Transaction, batch: string): Promise<void> {
  await transaction.query({
    text: `UPDATE card_inquiries SET batch = NULL, batch_row = NULL WHERE batch = $1 AND answered_at IS NULL`,
    values: [batch],
  });
}

export async function deleteInquiries(transaction: Transaction, tokens: readonly string[]): Promise<void> {
  await transaction.query({
    text: 'DELETE FROM card_inquiries WHERE token = ANY ($1::text[])',
    values: [tokens],
  });
}

/** Since when the one that has waited longest has no answer. */
export async function oldestInquiry(database: Queryable): Promise<Date | undefined> {
  const { rows } = await database.query<{ oldest: Date | null }>({
    name: 'oldest-inquiry',
    text: `SELECT least(
             (SELECT min(requested_at) FROM card_inquiries WHERE batch IS NULL AND answered_at IS NULL),
             (SELECT min(created_at) FROM updater_batches WHERE state IN ('new', 'sent'))) AS oldest`,
  });
  return rows[0]?.oldest ?? undefined;
}
