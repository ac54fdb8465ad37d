import type { Queryable, Transaction } from '@cofferdam/runtime';

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
export async function deleteRecords(transaction: Transaction, token: string): Promise<void> {
  await transaction.query({ text: 'DELETE FROM records WHERE token = $1', values: [token] });
}
