import type { WithheldKey } from '@cofferdam/contracts';
import type { Queryable, Transaction } from '@cofferdam/runtime';

/** A merchant whose keys are destroyed. */
export interface StoredShredding {
  shredding: string;
  merchant: string;
  requestedAt: Date;
  effectiveAt: Date;
  destroyedAt: Date | undefined;
  keysDestroyed: number;
  /** How far its cards have been erased, in the order of their fingerprints. */
  afterFingerprint: Buffer;
  tokensErased: number;
  erasedAt: Date | undefined;
  /** When the last backup from before expires. */
  completeAt: Date | undefined;
  ownKeyArn: string | undefined;
  otherWrappingsUntil: Date | undefined;
  withheld: WithheldKey | undefined;
  withheldSince: Date | undefined;
  keySeenAt: Date | undefined;
}

const COLUMNS = `shredding, merchant, requested_at AS "requestedAt", effective_at AS "effectiveAt",
  destroyed_at AS "destroyedAt", keys_destroyed AS "keysDestroyed", after_fingerprint AS "afterFingerprint",
  tokens_erased::float8 AS "tokensErased", erased_at AS "erasedAt", complete_at AS "completeAt",
  own_key_arn AS "ownKeyArn", other_wrappings_until AS "otherWrappingsUntil", withheld,
  withheld_since AS "withheldSince", key_seen_at AS "keySeenAt"`;

type Nullable =
  | ('destroyedAt' | 'erasedAt' | 'completeAt')
  | ('ownKeyArn' | 'otherWrappingsUntil' | 'withheld' | 'withheldSince' | 'keySeenAt');
type Row = Omit<StoredShredding, Nullable> & {
  [K in Nullable]: Exclude<StoredShredding[K], undefined> | null;
};

const fromRow = (row: Row): StoredShredding => ({
  ...row,
  destroyedAt: row.destroyedAt ?? undefined,
  erasedAt: row.erasedAt ?? undefined,
  completeAt: row.completeAt ?? undefined,
  ownKeyArn: row.ownKeyArn ?? undefined,
  otherWrappingsUntil: row.otherWrappingsUntil ?? undefined,
  withheld: row.withheld ?? undefined,
  withheldSince: row.withheldSince ?? undefined,
  keySeenAt: row.keySeenAt ?? undefined,
});

/** @returns false when there is one with this id, or another one of this merchant is under way */
export async function insertShredding(
  transaction: Transaction,
  { shredding, merchant, requestedAt, effectiveAt }: Omit<StoredShredding, Nullable>,
): Promise<boolean> {
  const { rowCount } = await transaction.query({
    text: `INSERT INTO shreddings (shredding, merchant, requested_at, effective_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING`,
    values: [shredding, merchant, requestedAt, effectiveAt],
  });
  return rowCount === 1;
}

export async function findShredding(
  database: Queryable,
  merchant: string,
  shredding: string,
): Promise<StoredShredding | undefined> {
  const { rows } = await database.query<Row>({
    text: `SELECT ${COLUMNS} FROM shreddings WHERE shredding = $2 AND merchant = $1`,
    values: [merchant, shredding],
  });
  return rows.map(fromRow)[0];
}

/** Those with work left, and those whose keys were destroyed since then, which replicas may still have in memory. */
export async function findRecentShreddings(database: Queryable, since: Date): Promise<StoredShredding[]> {
  const { rows } = await database.query<Row>({
    name: 'recent-shreddings',
    text: `SELECT ${COLUMNS} FROM shreddings WHERE erased_at IS NULL OR destroyed_at > $1`,
    values: [since],
  });
  return rows.map(fromRow);
}

/** @returns the number of keys that are used for nothing from now on */
export async function closeKeys(transaction: Transaction, merchant: string, now: Date): Promise<number> {
  const { rowCount } = await transaction.query({
    text: 'UPDATE data_keys SET closed_at = $2 WHERE merchant = $1 AND closed_at IS NULL',
    values: [merchant, now],
  });
  return rowCount ?? 0;
}

/** @returns undefined when another replica has destroyed them */
export async function destroyKeys(
  transaction: Transaction,
  { shredding, merchant }: StoredShredding,
  at: { now: Date; completeAt: Date },
): Promise<number | undefined> {
  const { rowCount } = await transaction.query({
    text: 'UPDATE shreddings SET destroyed_at = $2, complete_at = $3 WHERE shredding = $1 AND destroyed_at IS NULL',
    values: [shredding, at.now, at.completeAt],
  });
  if (rowCount !== 1) return undefined;
  // Also one that a replica was making when the others were closed: since then none is made that is to stay.
  const { rowCount: destroyed } = await transaction.query({
    text: `UPDATE data_keys SET wrapped = '', closed_at = coalesce(closed_at, $2), destroyed_at = $2
           WHERE merchant = $1 AND destroyed_at IS NULL
             AND EXISTS (SELECT 1 FROM data_keys c
                         WHERE c.merchant = $1 AND c.closed_at IS NOT NULL AND c.destroyed_at IS NULL)`,
    values: [merchant, at.now],
  });
  await transaction.query({
    text: 'UPDATE shreddings SET keys_destroyed = $2 WHERE shredding = $1',
    values: [shredding, destroyed ?? 0],
  });
  return destroyed ?? 0;
}

/** One with something left to erase, held until the commit: one replica at a time is at it. */
export async function takeShredding(transaction: Transaction): Promise<StoredShredding | undefined> {
  const { rows } = await transaction.query<Row>({
    text: `SELECT ${COLUMNS} FROM shreddings WHERE destroyed_at IS NOT NULL AND erased_at IS NULL
           ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
  });
  return rows.map(fromRow)[0];
}

/** The next cards whose fingerprint is under a key that was destroyed; held. */
export async function holdShreddedCards(
  transaction: Transaction,
  { merchant, afterFingerprint }: StoredShredding,
  limit: number,
): Promise<{ cardId: string; fingerprint: Buffer }[]> {
  const { rows } = await transaction.query<{ cardId: string; fingerprint: Buffer }>({
    text: `SELECT card_id AS "cardId", fingerprint FROM cards
           WHERE merchant = $1 AND fingerprint > $2
             AND key_version NOT IN (SELECT version FROM data_keys WHERE merchant = $1
                                     AND purpose IN ('digest', 'fingerprint') AND destroyed_at IS NULL)
           ORDER BY fingerprint LIMIT $3 FOR UPDATE`,
    values: [merchant, afterFingerprint, limit],
  });
  return rows;
}

export async function holdTokensOfCards(
  transaction: Transaction,
  merchant: string,
  cardIds: readonly string[],
): Promise<string[]> {
  const { rows } = await transaction.query<{ token: string }>({
    text: 'SELECT token FROM tokens WHERE merchant = $1 AND card_id = ANY ($2::text[]) FOR UPDATE',
    values: [merchant, cardIds],
  });
  return rows.map(({ token }) => token);
}

export async function deleteCards(
  transaction: Transaction,
  merchant: string,
  cardIds: readonly string[],
): Promise<void> {
  await transaction.query({
    text: 'DELETE FROM cards WHERE merchant = $1 AND card_id = ANY ($2::text[])',
    values: [merchant, cardIds],
  });
}

/** Answers and grants of before, so many at most of each. @returns how many there were */
export async function deleteAnswersAndGrants(
  transaction: Transaction,
  merchant: string,
  { until, limit }: { until: Date; limit: number },
): Promise<number> {
  let removed = 0;
  for (const [table, key] of [
    ['idempotency_keys', 'key_digest'],
    ['reveal_grants', 'attempt_id'],
  ] as const) {
    const { rowCount } = await transaction.query({
      text: `DELETE FROM ${table} WHERE merchant = $1 AND ${key} IN (
               SELECT ${key} FROM ${table} WHERE merchant = $1 AND created_at <= $2 LIMIT $3)`,
      values: [merchant, until, limit],
    });
    removed += rowCount ?? 0;
  }
  return removed;
}

export async function advanceShredding(
  transaction: Transaction,
  shredding: string,
  to: { afterFingerprint: Buffer; tokensErased: number; erasedAt?: Date },
): Promise<void> {
  await transaction.query({
    text: 'UPDATE shreddings SET after_fingerprint = $2, tokens_erased = $3, erased_at = $4 WHERE shredding = $1',
    values: [shredding, to.afterFingerprint, to.tokensErased, to.erasedAt ?? null],
  });
}

/**
 * That the keys which were destroyed at that time were under a KMS key of the merchant's own.
 *
 * @param at.retentionMs for which a backup is kept
 */
export async function noteOwnKey(
  transaction: Transaction,
  { shredding, merchant }: StoredShredding,
  at: { keyArn: string; destroyedAt: Date; retentionMs: number },
): Promise<void> {
  const { keyArn, destroyedAt, retentionMs } = at;
  await transaction.query({
    text: `UPDATE shreddings SET own_key_arn = $2, other_wrappings_until = (
             SELECT max(CASE WHEN kms_key_arn <> $2 THEN $4::timestamptz ELSE rewrapped_at END)
                    + make_interval(secs => $5)
             FROM data_keys WHERE merchant = $3 AND destroyed_at = $4)
           WHERE shredding = $1`,
    values: [shredding, keyArn, merchant, destroyedAt, retentionMs / 1000],
  });
}

/** Those whose own KMS key decides whether a backup can be read, and has not been asked after since then. */
export async function findOwnKeysToSee(
  database: Queryable,
  at: { now: Date; seenBefore: Date; limit: number },
): Promise<(StoredShredding & { ownKeyArn: string })[]> {
  const { rows } = await database.query<Row>({
    name: 'own-keys-to-see',
    text: `SELECT ${COLUMNS} FROM shreddings
           WHERE own_key_arn IS NOT NULL AND destroyed_at IS NOT NULL AND complete_at > $1
             AND withheld IS DISTINCT FROM 'destroyed' AND coalesce(key_seen_at, '-infinity') < $2
           ORDER BY key_seen_at NULLS FIRST LIMIT $3`,
    values: [at.now, at.seenBefore, at.limit],
  });
  return rows.map(fromRow).flatMap(({ ownKeyArn, ...one }) => (ownKeyArn ? [{ ...one, ownKeyArn }] : []));
}

/** @returns whether that is news */
export async function noteWithheld(
  transaction: Queryable,
  shredding: string,
  { withheld, now }: { withheld: WithheldKey | undefined; now: Date },
): Promise<boolean> {
  const { rowCount } = await transaction.query({
    text: `UPDATE shreddings SET withheld = $2, key_seen_at = $3,
             withheld_since = CASE WHEN $2::text IS NULL THEN NULL ELSE coalesce(withheld_since, $3) END
           WHERE shredding = $1 AND withheld IS DISTINCT FROM $2`,
    values: [shredding, withheld ?? null, now],
  });
  return rowCount === 1;
}

export async function noteKeySeen(database: Queryable, shredding: string, now: Date): Promise<void> {
  await database.query({
    text: 'UPDATE shreddings SET key_seen_at = greatest(key_seen_at, $2) WHERE shredding = $1',
    values: [shredding, now],
  });
}
