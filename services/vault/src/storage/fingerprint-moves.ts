import type { Queryable, Transaction } from '@cofferdam/runtime';
import type { FingerprintMove } from '../domain/fingerprint-move.ts';
import type { SealedRecord } from './records.ts';

const COLUMNS = `generation, started_at AS "startedAt", phase, phase_since AS "phaseSince", total::float8 AS total,
  done::float8 AS done, after_merchant AS "afterMerchant", after_fingerprint AS "afterFingerprint",
  walk_started_at AS "walkStartedAt", walk_moved::float8 AS "walkMoved", left_behind::float8 AS "leftBehind", finished_at AS "finishedAt"`;

type Row = Omit<FingerprintMove, 'finishedAt'> & { finishedAt: Date | null };
const fromRow = (row: Row): FingerprintMove => ({ ...row, finishedAt: row.finishedAt ?? undefined });

/** Counting more rows than this would take longer than the number is worth. */
const COUNTED_UP_TO = 100_000;

export async function beginMove(transaction: Transaction, generation: number, now: Date): Promise<void> {
  await transaction.query({
    text: `INSERT INTO fingerprint_moves (generation, started_at, phase, phase_since, total, done, after_merchant,
                                          after_fingerprint, walk_started_at, walk_moved)
           SELECT $1, $2, 'adding', $2,
                  CASE WHEN estimate > ${COUNTED_UP_TO} THEN estimate ELSE (SELECT count(*) FROM cards) END,
                  0, '', '', $2, 0
           FROM (SELECT reltuples::bigint AS estimate FROM pg_class WHERE oid = 'cards'::regclass) AS planner
           ON CONFLICT DO NOTHING`,
    values: [generation, now],
  });
}

export async function findMove(
  database: Queryable,
  generation: number,
): Promise<FingerprintMove | undefined> {
  const { rows } = await database.query<Row>({
    name: 'find-fingerprint-move',
    text: `SELECT ${COLUMNS} FROM fingerprint_moves WHERE generation = $1`,
    values: [generation],
  });
  return rows.map(fromRow)[0];
}

/** Of an earlier rekey, while cards may be under three keys: that one is brought to its end first. */
export async function findUnmoved(
  database: Queryable,
  generation: number,
): Promise<FingerprintMove | undefined> {
  const { rows } = await database.query<Row>({
    name: 'find-unmoved',
    text: `SELECT ${COLUMNS} FROM fingerprint_moves
           WHERE generation < $1 AND phase IN ('adding', 'closing', 'moving') ORDER BY generation LIMIT 1`,
    values: [generation],
  });
  return rows.map(fromRow)[0];
}

/** @returns false when another replica has taken it on meanwhile */
export async function advanceMove(
  transaction: Transaction,
  from: FingerprintMove,
  to: FingerprintMove,
): Promise<boolean> {
  const { rowCount } = await transaction.query({
    name: 'advance-fingerprint-move',
    text: `UPDATE fingerprint_moves SET phase = $7, phase_since = $8, total = $9, done = $10, after_merchant = $11,
                  after_fingerprint = $12, walk_started_at = $13, walk_moved = $14, finished_at = $15,
                  left_behind = $16
           WHERE generation = $1 AND phase = $2 AND phase_since = $3 AND after_merchant = $4
                 AND after_fingerprint = $5 AND walk_started_at = $6`,
    values: [
      from.generation,
      from.phase,
      from.phaseSince,
      from.afterMerchant,
      from.afterFingerprint,
      from.walkStartedAt,
      to.phase,
      to.phaseSince,
      to.total,
      to.done,
      to.afterMerchant,
      to.afterFingerprint,
      to.walkStartedAt,
      to.walkMoved,
      to.finishedAt ?? null,
      to.leftBehind,
    ],
  });
  return rowCount === 1;
}

/** A digest key that is used, or about to be. */
const LIVE = `purpose IN ('digest', 'fingerprint') AND destroyed_at IS NULL AND closed_at IS NULL`;

/** Merchants whose digest key in use is of an earlier rekey, and that have no next one. */
export async function merchantsWithoutNextKey(
  database: Queryable,
  generation: number,
  limit: number,
): Promise<string[]> {
  const { rows } = await database.query<{ merchant: string }>({
    text: `SELECT k.merchant FROM data_keys k
           WHERE ${LIVE} AND stage IS NULL AND generation < $1
             AND NOT EXISTS (SELECT 1 FROM data_keys n WHERE n.merchant = k.merchant AND n.stage = 'next')
           ORDER BY 1 LIMIT $2`,
    values: [generation, limit],
  });
  return rows.map(({ merchant }) => merchant);
}

/** Whether some merchant has a next key that is not in use yet. */
export async function hasNextKeys(database: Queryable): Promise<boolean> {
  const { rowCount } = await database.query({
    text: `SELECT 1 FROM data_keys WHERE stage = 'next' AND ${LIVE} LIMIT 1`,
  });
  return rowCount === 1;
}

/**
 * Code from before migration 7 takes a merchant's newest `digest` key: from now on that is one which KMS does not
 * unwrap, so that it answers 503 instead of looking cards up by the wrong key.
 */
export async function lockOldCodeOut(transaction: Transaction, now: Date): Promise<void> {
  await transaction.query({
    text: `INSERT INTO data_keys (merchant, purpose, version, generation, kms_key_arn, wrapped, created_at, destroyed_at)
           SELECT n.merchant, 'digest', n.version, n.generation, n.kms_key_arn, '', $1, $1
           FROM data_keys n JOIN data_keys k ON k.merchant = n.merchant AND k.purpose = 'digest'
                AND k.stage IS NULL AND k.destroyed_at IS NULL AND k.closed_at IS NULL
           WHERE n.stage = 'next' AND n.closed_at IS NULL
           ON CONFLICT DO NOTHING`,
    values: [now],
  });
}

/**
 * The next keys become those in use. Left out are merchants whose next key is so new that a replica may not know of it,
 * or from whom old code has not been locked out.
 */
export async function switchKeys(transaction: Transaction, madeBefore: Date): Promise<void> {
  await transaction.query({
    text: `WITH ready AS (
             SELECT n.merchant, n.version FROM data_keys n
             WHERE n.stage = 'next' AND n.created_at <= $1 AND n.closed_at IS NULL
               AND (EXISTS (SELECT 1 FROM data_keys s WHERE s.merchant = n.merchant AND s.purpose = 'digest'
                            AND s.version >= n.version)
                    OR NOT EXISTS (SELECT 1 FROM data_keys d WHERE d.merchant = n.merchant AND d.purpose = 'digest'
                                   AND d.stage IS NULL AND d.destroyed_at IS NULL)))
           UPDATE data_keys k SET stage = CASE WHEN k.stage = 'next' THEN NULL ELSE 'former' END
           FROM ready WHERE k.merchant = ready.merchant AND k.purpose IN ('digest', 'fingerprint')
             AND k.destroyed_at IS NULL AND (k.stage IS NULL OR k.stage = 'next')`,
    values: [madeBefore],
  });
}

export async function changeStage(
  transaction: Transaction,
  { from, to }: { from: 'former' | 'past'; to: 'past' | 'retired' },
): Promise<void> {
  await transaction.query({ text: 'UPDATE data_keys SET stage = $2 WHERE stage = $1', values: [from, to] });
}

/** Second fingerprints that nothing can run into any more. @returns how many were left, up to the limit */
export async function dropNextFingerprints(transaction: Transaction, limit: number): Promise<number> {
  const { rowCount } = await transaction.query({
    text: `DELETE FROM next_fingerprints WHERE (merchant, fingerprint) IN (
             SELECT merchant, fingerprint FROM next_fingerprints LIMIT $1)`,
    values: [limit],
  });
  return rowCount ?? 0;
}

/** Whether a request is remembered that was digested before that time. */
export async function hasRequestsBefore(database: Queryable, time: Date): Promise<boolean> {
  const { rowCount } = await database.query({
    text: 'SELECT 1 FROM idempotency_keys WHERE created_at < $1 LIMIT 1',
    values: [time],
  });
  return rowCount === 1;
}

/**
 * A card, whether its fingerprint is under an old key (of an earlier rekey, too, that has left it behind), and then a
 * record from which it can be computed anew.
 */
export interface WalkedCard {
  merchant: string;
  fingerprint: Buffer;
  cardId: string;
  isOld: boolean;
  record: SealedRecord | undefined;
}

type CardRow = Pick<WalkedCard, 'merchant' | 'fingerprint' | 'cardId' | 'isOld'> & {
  [K in keyof SealedRecord]: SealedRecord[K] | null;
};

/** The cards after that one, in the order of the table's key. */
export async function cardsAfter(
  database: Queryable,
  { afterMerchant, afterFingerprint }: FingerprintMove,
  limit: number,
): Promise<WalkedCard[]> {
  const { rows } = await database.query<CardRow>({
    text: `SELECT c.merchant, c.fingerprint, c.card_id AS "cardId", k.version IS NOT NULL AS "isOld",
                  r.token, r.version, r.format, r.key_version AS "keyVersion", r.sealed
           FROM (SELECT * FROM cards WHERE (merchant, fingerprint) > ($1, $2)
                 ORDER BY merchant, fingerprint LIMIT ${limit}) AS c
           LEFT JOIN data_keys k ON k.merchant = c.merchant AND k.purpose IN ('digest', 'fingerprint')
             AND k.version = c.key_version AND k.stage IN ('former', 'past', 'retired') AND k.closed_at IS NULL
           LEFT JOIN LATERAL (
             SELECT r.* FROM tokens t JOIN records r ON r.token = t.token AND r.version = t.record_version
             WHERE k.version IS NOT NULL AND t.merchant = c.merchant AND t.card_id = c.card_id
             LIMIT 1) AS r ON true
           ORDER BY c.merchant, c.fingerprint`,
    values: [afterMerchant, afterFingerprint],
  });
  return rows.map(({ merchant, fingerprint, cardId, isOld, token, version, format, keyVersion, sealed }) => ({
    ...{ merchant, fingerprint, cardId, isOld },
    record:
      token === null || version === null || format === null || keyVersion === null || sealed === null
        ? undefined
        : { token, version, format, keyVersion, sealed },
  }));
}

/** Every record of a card, whatever version of whichever token. */
export async function recordsOfCard(
  database: Queryable,
  merchant: string,
  cardId: string,
): Promise<SealedRecord[]> {
  const { rows } = await database.query<SealedRecord>({
    text: `SELECT r.token, r.version, r.format, r.key_version AS "keyVersion", r.sealed
           FROM tokens t JOIN records r ON r.token = t.token WHERE t.merchant = $1 AND t.card_id = $2
           ORDER BY r.token, r.version DESC`,
    values: [merchant, cardId],
  });
  return rows;
}

export async function cardsThatExist(database: Queryable, cardIds: readonly string[]): Promise<string[]> {
  const { rows } = await database.query<{ cardId: string }>({
    text: 'SELECT card_id AS "cardId" FROM cards WHERE card_id = ANY ($1::text[])',
    values: [cardIds],
  });
  return rows.map(({ cardId }) => cardId);
}

export interface MovedCard {
  merchant: string;
  from: Buffer;
  to: Buffer;
  keyVersion: number;
}

/** Gives cards their fingerprints under the new keys. @returns the ids of those that could be given theirs */
export async function replaceFingerprints(
  transaction: Transaction,
  moved: readonly MovedCard[],
): Promise<string[]> {
  const { rows } = await transaction.query<{ cardId: string }>({
    name: 'replace-fingerprints',
    text: `UPDATE cards c SET fingerprint = m.to_fingerprint, key_version = m.key_version
           FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::int[])
                AS m (merchant, from_fingerprint, to_fingerprint, key_version)
           WHERE c.merchant = m.merchant AND c.fingerprint = m.from_fingerprint
             AND NOT EXISTS (SELECT 1 FROM cards o WHERE o.merchant = m.merchant AND o.fingerprint = m.to_fingerprint)
           RETURNING c.card_id AS "cardId"`,
    values: [
      moved.map(({ merchant }) => merchant),
      moved.map(({ from }) => from),
      moved.map(({ to }) => to),
      moved.map(({ keyVersion }) => keyVersion),
    ],
  });
  return rows.map(({ cardId }) => cardId);
}
