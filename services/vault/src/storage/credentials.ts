import type { Queryable, Transaction } from '@cofferdam/runtime';
import { isLive, type StoredToken, TOKEN_COLUMNS } from './tokens.ts';

/** A token that is on file, and its customer's default or not. */
export interface StoredCredential extends StoredToken {
  customer: string;
  isDefault: boolean;
  addedAt: Date;
}

/** Columns by names that `tokens` does not have, so that its own need no qualifying. */
const ON_FILE = `(SELECT d.token AS on_file, d.customer, d.created_at AS "addedAt",
                         c.default_token IS NOT DISTINCT FROM d.token AS "isDefault"
                  FROM credentials d JOIN customers c USING (customer)) AS d`;
const SELECT = `SELECT ${TOKEN_COLUMNS}, customer, "addedAt", "isDefault"
  FROM tokens JOIN ${ON_FILE} ON on_file = token AND ${isLive('tokens')}`;

/** For whom a token is on file, if it is. */
export async function findCustomerOf(database: Queryable, token: string): Promise<string | undefined> {
  const { rows } = await database.query<{ customer: string }>({
    name: 'find-customer-of-token',
    text: 'SELECT customer FROM credentials WHERE token = $1',
    values: [token],
  });
  return rows[0]?.customer;
}

/** A customer's credentials, the newest on file first; all of them, or the one with that token. */
export async function findCredentials(
  database: Queryable,
  merchant: string,
  { customer, token }: { customer: string; token?: string },
): Promise<StoredCredential[]> {
  const { rows } = await database.query<StoredCredential>({
    name: token === undefined ? 'find-credentials' : 'find-credential',
    text: `${SELECT} WHERE merchant = $1 AND customer = $2 ${token === undefined ? '' : 'AND token = $3'}
           ORDER BY "addedAt" DESC, token DESC`,
    values: [merchant, customer, ...(token === undefined ? [] : [token])],
  });
  return rows;
}

export async function insertCredential(
  transaction: Transaction,
  credential: { token: string; merchant: string; customer: string; addedAt: Date },
): Promise<void> {
  await transaction.query({
    name: 'insert-credential',
    text: 'INSERT INTO credentials (token, merchant, customer, created_at) VALUES ($1, $2, $3, $4)',
    values: [credential.token, credential.merchant, credential.customer, credential.addedAt],
  });
}

/** All that a customer has on file, also what is at its end and not yet erased. */
export async function tokensOnFile(
  transaction: Transaction,
  customer: string,
): Promise<{ token: string; cardId: string | null }[]> {
  const { rows } = await transaction.query<{ token: string; cardId: string | null }>({
    name: 'find-tokens-on-file',
    text: `SELECT d.token, t.card_id AS "cardId" FROM credentials d JOIN tokens t USING (token)
           WHERE d.customer = $1 ORDER BY d.token`,
    values: [customer],
  });
  return rows;
}

type RemovedCredential = Pick<StoredCredential, 'token' | 'merchant' | 'customer'>;

/** @returns those that were on file */
export async function deleteCredentials(
  transaction: Transaction,
  tokens: readonly string[],
): Promise<RemovedCredential[]> {
  const { rows } = await transaction.query<RemovedCredential>({
    name: 'delete-credentials',
    text: 'DELETE FROM credentials WHERE token = ANY ($1::text[]) RETURNING token, merchant, customer',
    values: [tokens],
  });
  return rows.toSorted((a, b) => (a.token < b.token ? -1 : 1));
}
