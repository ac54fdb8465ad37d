import type { CredentialUpdateCode, CredentialUpdateOutcome, ProblemCode } from '@cofferdam/contracts';
import { BatchStatement, type Merchants, type Queryable, type Transaction } from '@cofferdam/runtime';
import type { CardFingerprints } from '../crypto/digest-keys.ts';
import { addCards, addNextFingerprints } from './cards.ts';
import { isLive, type StoredToken } from './tokens.ts';

/** Whose token it is, if it is one of these merchants'. */
export async function findMerchantOf(
  database: Queryable,
  merchants: Merchants,
  token: string,
): Promise<string | undefined> {
  const { rows } = await database.query<{ merchant: string }>({
    name: 'find-merchant-of-token',
    text: `SELECT merchant FROM tokens
           WHERE token = $1 AND ($2::text[] IS NULL OR merchant = ANY ($2::text[])) AND ${isLive('tokens')}`,
    values: [token, merchants === '*' ? null : merchants],
  });
  return rows[0]?.merchant;
}

// Any number that no other lock of this database has.
const TURNS = 6_224_402;

/** Results for one token come in turn: each finds the card that the one before left. */
export async function takeTurn(transaction: Transaction, token: string): Promise<void> {
  await transaction.query({
    name: 'take-turn',
    text: `SELECT pg_advisory_xact_lock(hashtextextended($1, ${TURNS}))`,
    values: [token],
  });
}

/** The merchant's card of these fingerprints, if it has a token. */
export async function findCard(
  transaction: Transaction,
  merchant: string,
  { fingerprint, otherFingerprints = [] }: CardFingerprints,
): Promise<string | undefined> {
  const { rows } = await transaction.query<{ cardId: string }>({
    name: 'find-card',
    text: `SELECT card_id AS "cardId" FROM cards WHERE merchant = $1 AND fingerprint = ANY ($2::bytea[]) LIMIT 1`,
    values: [merchant, [fingerprint, ...otherFingerprints]],
  });
  return rows[0]?.cardId;
}

/** @throws SQLSTATE 23505 when somebody else has just done it */
export async function insertCard(
  transaction: Transaction,
  { fingerprint, keyVersion, second }: CardFingerprints,
  card: { merchant: string; cardId: string; createdAt: Date },
): Promise<void> {
  const write = new BatchStatement('insert-card');
  addCards(write, [{ ...card, fingerprint, keyVersion }]);
  if (second) addNextFingerprints(write, [{ merchant: card.merchant, cardId: card.cardId, ...second }]);
  await transaction.query(write.build());
}

/** From when the knowledge of a version is. */
export async function findAsOf(transaction: Transaction, token: StoredToken): Promise<Date> {
  const { rows } = await transaction.query<{ occurredAt: Date | null }>({
    name: 'find-version-time',
    text: 'SELECT occurred_at AS "occurredAt" FROM token_versions WHERE token = $1 AND version = $2',
    values: [token.token, token.recordVersion],
  });
  return rows[0]?.occurredAt ?? token.updatedAt;
}

/**
 * Puts the token's next version in its place. A token whose card has one that a card keeps already is not that one: two
 * tokens then stand for one card.
 */
export async function replaceCard(transaction: Transaction, next: StoredToken): Promise<void> {
  await transaction.query({
    name: 'replace-card',
    text: `UPDATE tokens t SET card_id = $2, brand = $3, bin = $4, last_four = $5, expiry_month = $6, expiry_year = $7,
                  card_state = $8, record_version = $9, updated_at = $10,
                  deduplicated = deduplicated AND NOT EXISTS (
                    SELECT 1 FROM tokens o
                    WHERE o.merchant = t.merchant AND o.card_id = $2 AND o.deduplicated AND o.token <> t.token)
           WHERE token = $1`,
    values: [
      ...[next.token, next.cardId, next.brand, next.bin, next.lastFour, next.expiryMonth, next.expiryYear],
      ...[next.cardState, next.recordVersion, next.updatedAt],
    ],
  });
}

/** What became of a row of an updater's answer or of a file. */
export interface RowResult {
  token: string;
  code: CredentialUpdateCode | '';
  outcome: CredentialUpdateOutcome | null;
  recordVersion: number | null;
  problem: ProblemCode | null;
}

/** Which row it is; `source` is the batch or the import. */
export interface RowPlace {
  merchant: string;
  source: string;
  row: number;
}

const RESULT = `token, code, outcome, record_version AS "recordVersion", problem`;

export async function findRowResult(
  database: Queryable,
  { merchant, source, row }: RowPlace,
): Promise<RowResult | undefined> {
  const { rows } = await database.query<RowResult>({
    name: 'find-row-result',
    text: `SELECT ${RESULT} FROM credential_updates WHERE merchant = $1 AND source = $2 AND row = $3`,
    values: [merchant, source, row],
  });
  return rows[0];
}

/** Those after that row, in order. */
export async function rowResultsAfter(
  database: Queryable,
  { merchant, source, row }: RowPlace,
  limit: number,
): Promise<(RowResult & { row: number })[]> {
  const { rows } = await database.query<RowResult & { row: number }>({
    name: 'row-results-after',
    text: `SELECT row, ${RESULT} FROM credential_updates
           WHERE merchant = $1 AND source = $2 AND row > $3 ORDER BY row LIMIT $4`,
    values: [merchant, source, row, limit],
  });
  return rows;
}

/** @returns false when the row has its result */
export async function insertRowResult(
  database: Queryable,
  { merchant, source, row }: RowPlace,
  { token, code, outcome, recordVersion, problem, now }: RowResult & { now: Date },
): Promise<boolean> {
  const { rowCount } = await database.query({
    name: 'insert-row-result',
    text: `INSERT INTO credential_updates (merchant, source, row, token, code, outcome, record_version, problem, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
    values: [merchant, source, row, token, code, outcome, recordVersion, problem, now],
  });
  return rowCount === 1;
}
