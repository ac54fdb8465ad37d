import type { Queryable } from '@cofferdam/runtime';

/** `digest` and `fingerprint` keys are of one kind, with one series of versions: see {@link DigestStage}. */
export type KeyPurpose = 'record' | 'digest' | 'fingerprint';

/**
 * Of a digest key while a rekey moves fingerprints, from one such key to another: `next` is the one that comes, and
 * `former` the one that goes, while cards have fingerprints under both; requests of the last day are known by a `past`
 * one. Undefined: the one in use.
 */
export type DigestStage = 'next' | 'former' | 'past' | 'retired';

export interface WrappedKey {
  merchant: string;
  purpose: KeyPurpose;
  version: number;
  /** The rekey for which it was made; 0 before any. */
  generation: number;
  kmsKeyArn: string;
  /** Empty when the key has been destroyed. */
  wrapped: Buffer;
  createdAt: Date;
  /** Encryptions that replicas have set aside for themselves. */
  uses: number;
  stage: DigestStage | undefined;
  /** Its merchant is being shredded. */
  closedAt: Date | undefined;
  destroyedAt: Date | undefined;
}

const COLUMNS = `merchant, purpose, version, generation, kms_key_arn AS "kmsKeyArn", wrapped,
  created_at AS "createdAt", uses::float8 AS uses, stage, closed_at AS "closedAt", destroyed_at AS "destroyedAt"`;

type Row = Omit<WrappedKey, 'stage' | 'closedAt' | 'destroyedAt'> & {
  stage: DigestStage | null;
  closedAt: Date | null;
  destroyedAt: Date | null;
};

const fromRow = (row: Row): WrappedKey => ({
  ...row,
  stage: row.stage ?? undefined,
  closedAt: row.closedAt ?? undefined,
  destroyedAt: row.destroyedAt ?? undefined,
});

/** A merchant's newest record key, and its digest keys, newest first. */
export async function findWritingKeys(
  database: Queryable,
  merchant: string,
): Promise<{ record: WrappedKey | undefined; digests: WrappedKey[] }> {
  const { rows } = await database.query<Row>({
    name: 'writing-keys',
    text: `(SELECT ${COLUMNS} FROM data_keys WHERE merchant = $1 AND purpose = 'record' ORDER BY version DESC LIMIT 1)
           UNION ALL
           (SELECT ${COLUMNS} FROM data_keys WHERE merchant = $1 AND purpose IN ('digest', 'fingerprint')
            AND stage IS DISTINCT FROM 'retired' ORDER BY version DESC, purpose DESC LIMIT 8)`,
    values: [merchant],
  });
  const keys = rows.map(fromRow);
  return {
    record: keys.find(({ purpose }) => purpose === 'record'),
    digests: keys.filter(({ purpose }) => purpose !== 'record'),
  };
}

export async function findKey(
  database: Queryable,
  merchant: string,
  purpose: KeyPurpose,
  version: number,
): Promise<WrappedKey | undefined> {
  const { rows } = await database.query<Row>({
    name: 'data-key',
    text: `SELECT ${COLUMNS} FROM data_keys WHERE merchant = $1 AND purpose = $2 AND version = $3`,
    values: [merchant, purpose, version],
  });
  return rows.map(fromRow)[0];
}

/** Sets encryptions aside for this replica. @returns how many all replicas have set aside of this key by now */
export async function reserveUses(database: Queryable, key: WrappedKey, uses: number): Promise<number> {
  const { rows } = await database.query<{ uses: number }>({
    name: 'reserve-uses',
    text: `UPDATE data_keys SET uses = uses + $4 WHERE merchant = $1 AND purpose = $2 AND version = $3
           RETURNING uses::float8 AS uses`,
    values: [key.merchant, key.purpose, key.version, uses],
  });
  return rows[0]?.uses ?? Number.POSITIVE_INFINITY;
}

/** @returns false when another replica was first with this version */
export async function insertKey(database: Queryable, key: WrappedKey): Promise<boolean> {
  const { rowCount } = await database.query({
    name: 'insert-data-key',
    text: `INSERT INTO data_keys (merchant, purpose, version, generation, kms_key_arn, wrapped, created_at, stage)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
    values: [
      key.merchant,
      key.purpose,
      key.version,
      key.generation,
      key.kmsKeyArn,
      key.wrapped,
      key.createdAt,
      key.stage ?? null,
    ],
  });
  return rowCount === 1;
}

/**
 * Some keys that another KMS key wraps than their merchant's own, or for most merchants the vault's: any, so that replicas
 * and repeated calls do not take the same. Those of a merchant whose own key is not bound stay where they are.
 */
export async function findKeysWrappedByOthers(
  database: Queryable,
  wanted: { keyArn: string; own: readonly { merchant: string; keyArn: string; bound: boolean }[] },
  limit: number,
): Promise<WrappedKey[]> {
  const { rows } = await database.query<Row>({
    text: `SELECT ${COLUMNS} FROM data_keys
           LEFT JOIN unnest($2::text[], $3::text[], $4::boolean[]) AS own (merchant, arn, bound) USING (merchant)
           WHERE kms_key_arn <> coalesce(arn, $1) AND coalesce(bound, true) AND destroyed_at IS NULL
           ORDER BY random() LIMIT $5`,
    values: [
      wanted.keyArn,
      wanted.own.map(({ merchant }) => merchant),
      wanted.own.map(({ keyArn }) => keyArn),
      wanted.own.map(({ bound }) => bound),
      limit,
    ],
  });
  return rows.map(fromRow);
}

/** Puts the same key under another KMS key. @returns false when another replica has done so */
export async function replaceWrapping(
  database: Queryable,
  key: Pick<WrappedKey, 'merchant' | 'purpose' | 'version' | 'kmsKeyArn'>,
  by: { kmsKeyArn: string; wrapped: Buffer; at: Date },
): Promise<boolean> {
  const { rowCount } = await database.query({
    text: `UPDATE data_keys SET kms_key_arn = $4, wrapped = $5, rewrapped_at = $7
           WHERE merchant = $1 AND purpose = $2 AND version = $3 AND kms_key_arn = $6 AND destroyed_at IS NULL`,
    values: [key.merchant, key.purpose, key.version, by.kmsKeyArn, by.wrapped, key.kmsKeyArn, by.at],
  });
  return rowCount === 1;
}

/** The KMS keys without which something here could not be read. */
export async function kmsKeysInUse(database: Queryable): Promise<string[]> {
  const { rows } = await database.query<{ kmsKeyArn: string }>({
    text: 'SELECT DISTINCT kms_key_arn AS "kmsKeyArn" FROM data_keys WHERE destroyed_at IS NULL ORDER BY 1',
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
    text: `SELECT merchant FROM data_keys WHERE purpose = 'record' AND closed_at IS NULL
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
