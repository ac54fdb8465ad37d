import type { CredentialUpdateCode, VersionCause } from '@cofferdam/contracts';
import { BatchStatement, type Column, type Queryable, type Transaction } from '@cofferdam/runtime';
import type { StoredToken } from './tokens.ts';

/** What a version of a token shows of its card, and what made it. */
export type TokenVersion = Pick<
  StoredToken,
  'cardId' | 'brand' | 'bin' | 'lastFour' | 'expiryMonth' | 'expiryYear' | 'cardState'
> & {
  version: number;
  cause: VersionCause;
  /** Of a credential update. */
  result: CredentialUpdateCode | null;
  createdAt: Date;
  /** Of a credential update: when the issuer knew of it, if that is known. */
  occurredAt: Date | null;
};

/** A change of a token: as it was, as it is with the next version, and why. */
export interface TokenChange {
  before: StoredToken;
  after: StoredToken;
  cause: Exclude<VersionCause, 'created'>;
  /** Of a credential update. */
  result?: CredentialUpdateCode;
  occurredAt?: Date | undefined;
}

type Row = TokenVersion & { token: string };

const VERSION: readonly Column<Row>[] = [
  { name: 'token', type: 'text', of: ({ token }) => token },
  { name: 'version', type: 'int4', of: ({ version }) => version },
  { name: 'cause', type: 'text', of: ({ cause }) => cause },
  { name: 'result', type: 'text', of: ({ result }) => result },
  { name: 'card_id', type: 'text', of: ({ cardId }) => cardId },
  { name: 'brand', type: 'text', of: ({ brand }) => brand },
  { name: 'bin', type: 'text', of: ({ bin }) => bin },
  { name: 'last_four', type: 'text', of: ({ lastFour }) => lastFour },
  { name: 'expiry_month', type: 'int4', of: ({ expiryMonth }) => expiryMonth },
  { name: 'expiry_year', type: 'int4', of: ({ expiryYear }) => expiryYear },
  { name: 'card_state', type: 'text', of: ({ cardState }) => cardState },
  { name: 'created_at', type: 'timestamptz', of: ({ createdAt }) => createdAt },
  { name: 'occurred_at', type: 'timestamptz', of: ({ occurredAt }) => occurredAt },
];

/** Remembers the versions that the changes made, and of a token that had none yet the one before. */
export function addVersions(write: BatchStatement, changes: readonly TokenChange[]): void {
  if (changes.length === 0) return;
  const names = VERSION.map(({ name }) => name).join(', ');
  write.step(
    `INSERT INTO token_versions (${names}) SELECT * FROM ${write.rows(VERSION, changes.flatMap(rowsOf))} AS new (${names})
     ON CONFLICT DO NOTHING`,
  );
}

/** As {@link addVersions}, for one change in a transaction. */
export async function addVersion(transaction: Transaction, change: TokenChange): Promise<void> {
  const write = new BatchStatement('add-token-version');
  addVersions(write, [change]);
  await transaction.query(write.build());
}

function rowsOf({ before, after, cause, ...of }: TokenChange): Row[] {
  const first = before.recordVersion === 1 ? 'created' : 'updated';
  const unknown = { result: null, occurredAt: null };
  return [
    { ...before, version: before.recordVersion, cause: first, createdAt: before.updatedAt, ...unknown },
    {
      ...{ ...after, version: after.recordVersion, cause, createdAt: after.updatedAt },
      ...{ result: of.result ?? null, occurredAt: of.occurredAt ?? null },
    },
  ];
}

/**
 * The versions of a token that is there, newest first.
 *
 * @param page versions below `before`, `limit` of them at most
 */
export async function findVersions(
  database: Queryable,
  token: string,
  page: { before: number; limit: number },
): Promise<TokenVersion[]> {
  const { rows } = await database.query<TokenVersion>({
    name: 'find-token-versions',
    text: `SELECT version, cause, result, card_id AS "cardId", brand, bin, last_four AS "lastFour",
                  expiry_month AS "expiryMonth", expiry_year AS "expiryYear", card_state AS "cardState",
                  created_at AS "createdAt", occurred_at AS "occurredAt"
           FROM (
             SELECT * FROM token_versions WHERE token = $1
             UNION ALL
             SELECT t.token, t.record_version, CASE t.record_version WHEN 1 THEN 'created' ELSE 'updated' END, NULL,
                    t.card_id, t.brand, t.bin, t.last_four, t.expiry_month, t.expiry_year, t.card_state, t.updated_at,
                    NULL
             FROM tokens t WHERE t.token = $1 AND t.state = 'active' AND NOT EXISTS (
               SELECT 1 FROM token_versions v WHERE v.token = t.token AND v.version = t.record_version)
           ) AS versions
           WHERE version < $2 ORDER BY version DESC LIMIT $3`,
    values: [token, page.before, page.limit],
  });
  return rows;
}

export async function deleteVersions(transaction: Transaction, tokens: readonly string[]): Promise<void> {
  await transaction.query({
    text: 'DELETE FROM token_versions WHERE token = ANY ($1::text[])',
    values: [tokens],
  });
}
