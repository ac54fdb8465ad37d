import type { BatchStatement, Column, Queryable, Transaction } from '@cofferdam/runtime';

/** The encrypted card of a token, in one of its versions. */
export interface SealedRecord {
  token: string;
  version: number;
  format: number;
  keyVersion: number;
  sealed: Buffer;
}

export async function insertRecord(transaction: Transaction, record: SealedRecord, now: Date): Promise<void> {
  await transaction.query({
    name: 'insert-record',
    text: `INSERT INTO records (token, version, format, key_version, sealed, created_at)
           VALUES ($1, $2, $3, $4, $5, $6)`,
    values: [record.token, record.version, record.format, record.keyVersion, record.sealed, now],
  });
}

export interface NewRecord extends SealedRecord {
  createdAt: Date;
}

const RECORD: readonly Column<NewRecord>[] = [
  { name: 'token', type: 'text', of: ({ token }) => token },
  { name: 'version', type: 'int4', of: ({ version }) => version },
  { name: 'format', type: 'int4', of: ({ format }) => format },
  { name: 'key_version', type: 'int4', of: ({ keyVersion }) => keyVersion },
  { name: 'sealed', type: 'bytea', of: ({ sealed }) => sealed },
  { name: 'created_at', type: 'timestamptz', of: ({ createdAt }) => createdAt },
];

export function addRecords(write: BatchStatement, records: readonly NewRecord[]): void {
  write.insert('records', RECORD, records);
}

export async function findRecord(
  database: Queryable,
  token: string,
  version: number,
): Promise<SealedRecord | undefined> {
  const { rows } = await database.query<SealedRecord>({
    name: 'find-record',
    text: `SELECT token, version, format, key_version AS "keyVersion", sealed
           FROM records WHERE token = $1 AND version = $2`,
    values: [token, version],
  });
  return rows[0];
}

/** All versions: the ciphertext is gone from the table with the commit. */
export async function deleteRecords(transaction: Transaction, tokens: readonly string[]): Promise<void> {
  await transaction.query({ text: 'DELETE FROM records WHERE token = ANY ($1::text[])', values: [tokens] });
}

/** A record with its merchant, and whether its key is one of an earlier rekey. */
export interface WalkedRecord extends SealedRecord {
  merchant: string;
  isOld: boolean;
}

/**
 * The records after that one, in the order of the table's key, whatever state their token is in.
 *
 * They are limited before they are joined, and by a number that the planner sees: of a join that is cut off it believes
 * that merging from the beginning of `tokens` is cheap, and each batch would read that table up to where the walk is.
 */
export async function recordsAfter(
  database: Queryable,
  after: { token: string; version: number },
  options: { generation: number; limit: number },
): Promise<WalkedRecord[]> {
  const { rows } = await database.query<WalkedRecord>({
    text: `SELECT r.token, r.version, r.format, r.key_version AS "keyVersion", r.sealed, t.merchant,
                  coalesce(k.generation < $3 AND k.closed_at IS NULL, false) AS "isOld"
           FROM (SELECT * FROM records WHERE (token, version) > ($1, $2)
                 ORDER BY token, version LIMIT ${options.limit}) AS r
           JOIN tokens t ON t.token = r.token
           LEFT JOIN data_keys k ON k.merchant = t.merchant AND k.purpose = 'record' AND k.version = r.key_version
           ORDER BY r.token, r.version`,
    values: [after.token, after.version, options.generation],
  });
  return rows;
}

/** Puts what was sealed anew in its place; a record that was deleted or moved meanwhile is left alone. */
export async function replaceSealed(
  transaction: Transaction,
  moved: readonly { from: SealedRecord; to: SealedRecord }[],
): Promise<number> {
  const { rowCount } = await transaction.query({
    name: 'replace-sealed',
    text: `UPDATE records r SET key_version = m.key_version, sealed = m.sealed
           FROM unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::bytea[])
                AS m (token, version, was, key_version, sealed)
           WHERE r.token = m.token AND r.version = m.version AND r.key_version = m.was`,
    values: [
      moved.map(({ from }) => from.token),
      moved.map(({ from }) => from.version),
      moved.map(({ from }) => from.keyVersion),
      moved.map(({ to }) => to.keyVersion),
      moved.map(({ to }) => to.sealed),
    ],
  });
  return rowCount ?? 0;
}
