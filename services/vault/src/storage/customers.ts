import { type Database, type Queryable, sqlState, type Transaction } from '@cofferdam/runtime';
import type { DefaultChoice } from '../domain/default-credential.ts';
import type { ListPosition } from '../domain/list-cursor.ts';
import { isLive } from './tokens.ts';

/** A customer that is not deleted. */
export interface StoredCustomer {
  customer: string;
  merchant: string;
  reference: string | null;
  version: number;
  default: DefaultChoice;
  /** False when the default's token is at its end, and not yet erased. */
  isDefaultLive: boolean;
  createdAt: Date;
  updatedAt: Date;
}

const COLUMNS = `c.customer, c.merchant, c.reference, c.version, c.default_token AS "defaultToken",
  c.default_reason AS "defaultReason", c.default_from AS "defaultFrom", c.default_at AS "defaultAt",
  EXISTS (SELECT 1 FROM tokens t WHERE t.token = c.default_token AND ${isLive('t')}) AS "isDefaultLive",
  c.created_at AS "createdAt", c.updated_at AS "updatedAt"`;

type Row = Omit<StoredCustomer, 'default'> & {
  defaultToken: DefaultChoice['token'];
  defaultReason: DefaultChoice['reason'];
  defaultFrom: DefaultChoice['from'];
  defaultAt: DefaultChoice['at'];
};

function fromRow({ defaultToken, defaultReason, defaultFrom, defaultAt, ...row }: Row): StoredCustomer {
  return {
    ...row,
    default: { token: defaultToken, reason: defaultReason, from: defaultFrom, at: defaultAt },
  };
}

/** @returns false when the merchant has another customer of that reference */
export async function insertCustomer(transaction: Transaction, stored: StoredCustomer): Promise<boolean> {
  const { rowCount } = await transaction.query({
    name: 'insert-customer',
    text: `INSERT INTO customers (customer, merchant, reference, version, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (merchant, reference) WHERE reference IS NOT NULL DO NOTHING`,
    values: [
      ...[stored.customer, stored.merchant, stored.reference],
      ...[stored.version, stored.createdAt, stored.updatedAt],
    ],
  });
  return rowCount === 1;
}

export async function findCustomer(
  database: Queryable,
  merchant: string,
  customer: string,
): Promise<StoredCustomer | undefined> {
  const { rows } = await database.query<Row>({
    name: 'find-customer',
    text: `SELECT ${COLUMNS} FROM customers c WHERE customer = $2 AND merchant = $1 AND deleted_at IS NULL`,
    values: [merchant, customer],
  });
  return rows.map(fromRow)[0];
}

/** Whoever changes anything that is on file for the customer holds this lock, and a token's before it. */
export async function lockCustomer(
  transaction: Transaction,
  merchant: string,
  customer: string,
): Promise<StoredCustomer | undefined> {
  const { rows } = await transaction.query<Row>({
    name: 'lock-customer',
    text: `SELECT ${COLUMNS} FROM customers c WHERE customer = $2 AND merchant = $1 AND deleted_at IS NULL
           FOR UPDATE OF c`,
    values: [merchant, customer],
  });
  return rows.map(fromRow)[0];
}

/** Those for whom one of the tokens is on file, in the order of their names. */
export async function lockCustomersOf(
  transaction: Transaction,
  tokens: readonly string[],
): Promise<StoredCustomer[]> {
  const { rows } = await transaction.query<Row>({
    name: 'lock-customers-of-tokens',
    text: `SELECT ${COLUMNS} FROM customers c
           WHERE customer IN (SELECT customer FROM credentials WHERE token = ANY ($1::text[]))
           ORDER BY customer FOR UPDATE OF c`,
    values: [tokens],
  });
  return rows.map(fromRow);
}

/** How a customer was deleted; undefined when he was not, or never was. */
export async function findDeletion(
  database: Queryable,
  merchant: string,
  customer: string,
): Promise<{ tokens: 'keep' | 'erase' } | undefined> {
  const { rows } = await database.query<{ tokens: 'keep' | 'erase' }>({
    name: 'find-deleted-customer',
    text: `SELECT CASE WHEN tokens_erased THEN 'erase' ELSE 'keep' END AS tokens
           FROM customers WHERE customer = $2 AND merchant = $1 AND deleted_at IS NOT NULL`,
    values: [merchant, customer],
  });
  return rows[0];
}

/** @returns false when the merchant has another customer of that reference; the transaction has failed then */
export async function updateCustomer(transaction: Transaction, stored: StoredCustomer): Promise<boolean> {
  const { default: choice } = stored;
  try {
    await transaction.query({
      name: 'update-customer',
      text: `UPDATE customers SET reference = $2, version = $3, updated_at = $4, default_token = $5,
                    default_reason = $6, default_from = $7, default_at = $8
             WHERE customer = $1`,
      values: [
        ...[stored.customer, stored.reference, stored.version, stored.updatedAt],
        ...[choice.token, choice.reason, choice.from, choice.at],
      ],
    });
    return true;
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) return false;
    throw error;
  }
}

const UNIQUE_VIOLATION = '23505';

/** Leaves the name of a customer, so that a repeated deletion is known as one. */
export async function emptyCustomer(
  transaction: Transaction,
  customer: string,
  { now, tokens }: { now: Date; tokens: 'keep' | 'erase' },
): Promise<void> {
  await transaction.query({
    text: `UPDATE customers SET reference = NULL, version = version + 1, updated_at = $2, deleted_at = $2,
                  tokens_erased = $3, default_token = NULL, default_reason = NULL, default_from = NULL, default_at = NULL
           WHERE customer = $1`,
    values: [customer, now, tokens === 'erase'],
  });
}

/** A merchant's customers after a position, newest first. */
export async function customersAfter(
  database: Database,
  merchant: string,
  page: { reference: string | undefined; after: ListPosition | undefined; limit: number },
): Promise<StoredCustomer[]> {
  const { rows } = await database.query<Row>({
    name: page.reference === undefined ? 'list-customers' : 'list-customers-by-reference',
    text: `SELECT ${COLUMNS} FROM customers c
           WHERE merchant = $1 AND deleted_at IS NULL AND (created_at, customer) < ($2::timestamptz, $3)
           ${page.reference === undefined ? '' : 'AND reference = $5'}
           ORDER BY created_at DESC, customer DESC LIMIT $4`,
    values: [
      ...[merchant, page.after?.createdAt ?? 'infinity', page.after?.id ?? '', page.limit],
      ...(page.reference === undefined ? [] : [page.reference]),
    ],
  });
  return rows.map(fromRow);
}

/**
 * Removes customers of before, and all that is on file for them: so many at most.
 *
 * @returns how many there were
 */
export async function deleteCustomersOf(
  transaction: Transaction,
  merchant: string,
  { until, limit }: { until: Date; limit: number },
): Promise<number> {
  const { rows } = await transaction.query<{ customer: string }>({
    // Found by their age, and locked by their names, as everybody does who locks several.
    text: `SELECT customer FROM customers WHERE customer IN (
             SELECT customer FROM customers WHERE merchant = $1 AND created_at <= $2
             ORDER BY created_at, customer LIMIT $3)
           ORDER BY customer FOR UPDATE`,
    values: [merchant, until, limit],
  });
  const values = [rows.map(({ customer }) => customer)];
  if (rows.length === 0) return 0;
  for (const text of [
    'UPDATE customers SET default_token = NULL WHERE customer = ANY ($1::text[])',
    'DELETE FROM agreements WHERE customer = ANY ($1::text[])',
    'DELETE FROM credentials WHERE customer = ANY ($1::text[])',
    'DELETE FROM customers WHERE customer = ANY ($1::text[])',
    'DELETE FROM outbox_subject WHERE subject = ANY ($1::text[])',
  ]) {
    await transaction.query({ text, values });
  }
  return rows.length;
}
