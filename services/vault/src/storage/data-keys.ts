import type { Queryable } from '@cofferdam/runtime';

export type KeyPurpose = 'record' | 'digest';

export interface WrappedKey {
  merchant: string;
  purpose: KeyPurpose;
  version: number;
  /** The rekey for which it was made; 0 before any. */
  generation: number;
  kmsKeyArn: string;
  wrapped: Buffer;
  createdAt: Date;
}

const COLUMNS =
  'merchant, purpose, version, generation, kms_key_arn AS "kmsKeyArn", wrapped, created_at AS "createdAt"';

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
    text: `INSERT INTO data_keys (merchant, purpose, version, generation, kms_key_arn, wrapped, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
    values: [
      key.merchant,
      key.purpose,
      key.version,
      key.generation,
      key.kmsKeyArn,
      key.wrapped,
      key.createdAt,
    ],
  });
  return rowCount === 1;
}

/** Some keys that another KMS key than this one wraps: any, so that replicas and repeated calls do not take the same. */
export async function findKeysWrappedByOthers(
  database: Queryable,
  keyArn: string,
  limit: number,
): Promise<WrappedKey[]> {
  const { rows } = await database.query<WrappedKey>({
    text: `SELECT ${COLUMNS} FROM data_keys WHERE kms_key_arn <> $1 ORDER BY random() LIMIT $2`,
    values: [keyArn, limit],
  });
  return rows;
}

/** Puts the same key under another KMS key, unless another replica has done so. */
export async function replaceWrapping(
  database: Queryable,
  key: WrappedKey,
  by: { kmsKeyArn: string; wrapped: Buffer },
): Promise<void> {
  await database.query({
    text: `UPDATE data_keys SET kms_key_arn = $4, wrapped = $5
           WHERE merchant = $1 AND purpose = $2 AND version = $3 AND kms_key_arn = $6`,
    values: [key.merchant, key.purpose, key.version, by.kmsKeyArn, by.wrapped, key.kmsKeyArn],
  });
}

/** The KMS keys without which something here could not be read. */
export async function kmsKeysInUse(database: Queryable): Promise<string[]> {
  const { rows } = await database.query<{ kmsKeyArn: string }>({
    text: 'SELECT DISTINCT kms_key_arn AS "kmsKeyArn" FROM data_keys ORDER BY 1',
  });
  return rows.map(({ kmsKeyArn }) => kmsKeyArn);
}

/**
 * Merchants whose newest record key is of an earlier rekey: they have no other, or a replica that does not know of this
 * rekey has made one since.
 */
export async function merchantsWithOldKeyNewest(
  database: Queryable,
  generation: number,
  limit: number,
): Promise<string[]> {
  const { rows } = await database.query<{ merchant: string }>({
    text: `SELECT merchant FROM data_keys WHERE purpose = 'record'
           GROUP BY merchant
           HAVING max(version) FILTER (WHERE generation < $1)
                  > coalesce(max(version) FILTER (WHERE generation >= $1), 0)
           ORDER BY merchant LIMIT $2`,
    values: [generation, limit],
  });
  return rows.map(({ merchant }) => merchant);
}

/**
 * When a merchant's old record key last ceased to be the newest one: the key after its last old one was made; where
 * there is none yet, that old one was. Undefined when there are no old keys.
 */
export async function oldKeysGivenUpAt(database: Queryable, generation: number): Promise<Date | undefined> {
  const { rows } = await database.query<{ at: Date | null }>({
    text: `SELECT greatest(max(old.created_at), max(next.created_at)) AS at
           FROM (SELECT merchant, max(version) AS version, max(created_at) AS created_at
                 FROM data_keys WHERE purpose = 'record' AND generation < $1 GROUP BY merchant) AS old
           LEFT JOIN data_keys next
             ON next.merchant = old.merchant AND next.purpose = 'record' AND next.version = old.version + 1`,
    values: [generation],
  });
  return rows[0]?.at ?? undefined;
}
