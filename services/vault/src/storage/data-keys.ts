import type { Queryable } from '@cofferdam/runtime';

export type KeyPurpose = 'record' | 'digest';

export interface WrappedKey {
  merchant: string;
  purpose: KeyPurpose;
  version: number;
  kmsKeyArn: string;
  wrapped: Buffer;
  createdAt: Date;
}

const COLUMNS = 'merchant, purpose, version, kms_key_arn AS "kmsKeyArn", wrapped, created_at AS "createdAt"';

export async function findNewestKey(
  database: Queryable,
  merchant: string,
  purpose: KeyPurpose,
): Promise<WrappedKey | undefined> {
  const { rows } = await database.query<WrappedKey>({
    name: 'newest-data-key',
    text: `SELECT ${COLUMNS} FROM data_keys WHERE merchant = $1 AND purpose = $2 ORDER BY version DESC LIMIT 1`,
    values: [merchant, purpose],
  });
  return rows[0];
}

export async function findKey(
  database: Queryable,
  merchant: string,
  purpose: KeyPurpose,
  version: number,
): Promise<WrappedKey | undefined> {
  const { rows } = await database.query<WrappedKey>({
    name: 'data-key',
    text: `SELECT ${COLUMNS} FROM data_keys WHERE merchant = $1 AND purpose = $2 AND version = $3`,
    values: [merchant, purpose, version],
  });
  return rows[0];
}

/** @returns false when another replica was first with this version */
export async function insertKey(database: Queryable, key: WrappedKey): Promise<boolean> {
  const { rowCount } = await database.query({
    name: 'insert-data-key',
    text: `INSERT INTO data_keys (merchant, purpose, version, kms_key_arn, wrapped, created_at)
           VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    values: [key.merchant, key.purpose, key.version, key.kmsKeyArn, key.wrapped, key.createdAt],
  });
  return rowCount === 1;
}
