import type { CardBrand, CardState } from '@cofferdam/contracts';
import type { BatchStatement, Column, Queryable, Transaction } from '@cofferdam/runtime';

/** An active token and what may be shown of its card. */
export interface StoredToken {
  token: string;
  merchant: string;
  cardId: string;
  brand: CardBrand;
  bin: string;
  lastFour: string;
  expiryMonth: number;
  expiryYear: number;
  /** What is known against the card. */
  cardState: CardState | null;
  recordVersion: number;
  createdAt: Date;
  updatedAt: Date;
  /** When it ends by itself; null: never. */
  expiresAt: Date | null;
}

export const TOKEN_COLUMNS = `token, merchant, card_id AS "cardId", brand, bin, last_four AS "lastFour",
  expiry_month AS "expiryMonth", expiry_year AS "expiryYear", card_state AS "cardState", record_version AS "recordVersion",
  created_at AS "createdAt", updated_at AS "updatedAt", expires_at AS "expiresAt"`;

/**
 * Not deleted, and not at its end: an ended token is as gone as a deleted one, also before it is erased. The database's
 * clock decides, so that all replicas agree.
 */
export const isLive = (t: string): string =>
  `${t}.state = 'active' AND (${t}.expires_at IS NULL OR ${t}.expires_at > now())`;

export async function findToken(
  database: Queryable,
  merchant: string,
  token: string,
): Promise<StoredToken | undefined> {
  const { rows } = await database.query<StoredToken>({
    name: 'find-token',
    text: `SELECT ${TOKEN_COLUMNS} FROM tokens WHERE token = $2 AND merchant = $1 AND ${isLive('tokens')}`,
    values: [merchant, token],
  });
  return rows[0];
}

export async function lockToken(
  transaction: Transaction,
  merchant: string,
  token: string,
): Promise<StoredToken | undefined> {
  const { rows } = await transaction.query<StoredToken>({
    name: 'lock-token',
    text: `SELECT ${TOKEN_COLUMNS} FROM tokens WHERE token = $2 AND merchant = $1 AND ${isLive('tokens')} FOR UPDATE`,
    values: [merchant, token],
  });
  return rows[0];
}

export async function updateTokenVersion(transaction: Transaction, token: StoredToken): Promise<void> {
  await transaction.query({
    name: 'update-token-version',
    text: `UPDATE tokens SET record_version = $2, expiry_month = $3, expiry_year = $4, updated_at = $5, card_state = $6
           WHERE token = $1`,
    values: [
      ...[token.token, token.recordVersion, token.expiryMonth, token.expiryYear],
      ...[token.updatedAt, token.cardState],
    ],
  });
}

const TOKEN: readonly Column<StoredToken & { deduplicated: boolean }>[] = [
  { name: 'token', type: 'text', of: ({ token }) => token },
  { name: 'merchant', type: 'text', of: ({ merchant }) => merchant },
  { name: 'state', type: 'text', of: () => 'active' },
  { name: 'deduplicated', type: 'bool', of: ({ deduplicated }) => deduplicated },
  { name: 'card_id', type: 'text', of: ({ cardId }) => cardId },
  { name: 'brand', type: 'text', of: ({ brand }) => brand },
  { name: 'bin', type: 'text', of: ({ bin }) => bin },
  { name: 'last_four', type: 'text', of: ({ lastFour }) => lastFour },
  { name: 'expiry_month', type: 'int4', of: ({ expiryMonth }) => expiryMonth },
  { name: 'expiry_year', type: 'int4', of: ({ expiryYear }) => expiryYear },
  { name: 'record_version', type: 'int4', of: ({ recordVersion }) => recordVersion },
  { name: 'created_at', type: 'timestamptz', of: ({ createdAt }) => createdAt },
  { name: 'updated_at', type: 'timestamptz', of: ({ updatedAt }) => updatedAt },
  { name: 'expires_at', type: 'timestamptz', of: ({ expiresAt }) => expiresAt },
];

export function addTokens(
  write: BatchStatement,
  tokens: readonly (StoredToken & { deduplicated: boolean })[],
): void {
  write.insert('tokens', TOKEN, tokens.toSorted(byToken));
}

type VersionOfToken = Pick<StoredToken, 'token' | 'recordVersion'>;

const HELD: readonly Column<VersionOfToken>[] = [
  { name: 'token', type: 'text', of: ({ token }) => token },
  { name: 'record_version', type: 'int4', of: ({ recordVersion }) => recordVersion },
];

/** The tokens must still be as they were read, and stay so until the commit: whoever changes one waits. */
export function holdTokens(write: BatchStatement, tokens: readonly VersionOfToken[]): void {
  if (tokens.length === 0) return;
  const held = write.step(
    `SELECT 1 FROM ${write.rows(HELD, tokens.toSorted(byToken))} AS held (token, record_version)
     JOIN tokens t USING (token)
     WHERE t.state = 'active' AND t.record_version = held.record_version
     FOR SHARE OF t`,
  );
  write.expect(held, tokens.length);
}

const NEXT_VERSION: readonly Column<StoredToken>[] = [
  ...HELD,
  { name: 'expiry_month', type: 'int4', of: ({ expiryMonth }) => expiryMonth },
  { name: 'expiry_year', type: 'int4', of: ({ expiryYear }) => expiryYear },
  { name: 'updated_at', type: 'timestamptz', of: ({ updatedAt }) => updatedAt },
  { name: 'expires_at', type: 'timestamptz', of: ({ expiresAt }) => expiresAt },
  { name: 'card_state', type: 'text', of: ({ cardState }) => cardState },
];

/** Each from the version before the one that is given. */
export function addTokenVersions(write: BatchStatement, tokens: readonly StoredToken[]): void {
  if (tokens.length === 0) return;
  const names = NEXT_VERSION.map(({ name }) => name).join(', ');
  const updated = write.step(
    `UPDATE tokens t SET record_version = next.record_version, expiry_month = next.expiry_month,
                         expiry_year = next.expiry_year, updated_at = next.updated_at,
                         expires_at = next.expires_at, card_state = next.card_state
     FROM ${write.rows(NEXT_VERSION, tokens.toSorted(byToken))} AS next (${names})
     WHERE t.token = next.token AND t.state = 'active' AND t.record_version = next.record_version - 1
     RETURNING 1`,
  );
  write.expect(updated, tokens.length);
}

/** Those of them that are given out, to whomever. */
export async function findTaken(database: Queryable, tokens: readonly string[]): Promise<Set<string>> {
  const { rows } = await database.query<{ token: string }>({
    name: 'find-taken-tokens',
    text: 'SELECT token FROM tokens WHERE token = ANY ($1::text[])',
    values: [tokens],
  });
  return new Set(rows.map(({ token }) => token));
}

const byToken = (a: VersionOfToken, b: VersionOfToken): number => (a.token < b.token ? -1 : 1);

/** Which card a token stands for; null when it is erased. */
export async function findCardOf(
  database: Queryable,
  merchant: string,
  token: string,
): Promise<{ cardId: string | null } | undefined> {
  const { rows } = await database.query<{ cardId: string | null }>({
    name: 'find-card-of-token',
    text: 'SELECT card_id AS "cardId" FROM tokens WHERE token = $2 AND merchant = $1',
    values: [merchant, token],
  });
  return rows[0];
}

/** The tokens, also at their end, unless they are erased; locked. */
export async function lockUnerased(
  transaction: Transaction,
  tokens: readonly string[],
): Promise<StoredToken[]> {
  const { rows } = await transaction.query<StoredToken>({
    name: 'lock-unerased-tokens',
    text: `SELECT ${TOKEN_COLUMNS} FROM tokens WHERE token = ANY ($1::text[]) AND state = 'active'
           ORDER BY token FOR UPDATE`,
    values: [tokens],
  });
  return rows;
}

/** Leaves the tokens' names and nothing of their cards. */
export async function emptyTokens(
  transaction: Transaction,
  tokens: readonly string[],
  now: Date,
): Promise<void> {
  await transaction.query({
    text: `UPDATE tokens SET state = 'deleted', deduplicated = false, card_id = NULL, brand = NULL, bin = NULL,
                  last_four = NULL, expiry_month = NULL, expiry_year = NULL, card_state = NULL, updated_at = $2
           WHERE token = ANY ($1::text[])`,
    values: [tokens, now],
  });
}

/** Some that are at their end, the earliest first, with their cards. */
export async function findEnded(
  database: Queryable,
  limit: number,
): Promise<{ token: string; cardId: string }[]> {
  const { rows } = await database.query<{ token: string; cardId: string }>({
    name: 'find-ended-tokens',
    text: `SELECT token, card_id AS "cardId" FROM tokens
           WHERE state = 'active' AND expires_at <= now() ORDER BY expires_at LIMIT $1`,
    values: [limit],
  });
  return rows;
}

/** What somebody else has locked is waited for, or passed over. */
export type Held = 'wait' | 'pass over';

/** Those of them that are still at their end, locked. */
export async function lockEnded(
  transaction: Transaction,
  tokens: readonly string[],
  held: Held,
): Promise<StoredToken[]> {
  const { rows } = await transaction.query<StoredToken>({
    text: `SELECT ${TOKEN_COLUMNS} FROM tokens
           WHERE token = ANY ($1::text[]) AND state = 'active' AND expires_at <= now()
           ORDER BY token FOR UPDATE ${held === 'wait' ? '' : 'SKIP LOCKED'}`,
    values: [tokens],
  });
  return rows;
}
