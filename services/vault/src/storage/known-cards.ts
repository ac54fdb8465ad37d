import { encodeArray, type Queryable } from '@cofferdam/runtime';
import type { CardFingerprints } from '../crypto/digest-keys.ts';
import type { KeyedRequest } from './idempotency-keys.ts';
import type { SealedRecord } from './records.ts';
import type { StoredToken } from './tokens.ts';

/** What the database knows of a request and of its card. */
export interface Known<A> {
  /** The request was answered before. */
  answered?: {
    bodyDigest: Buffer;
    status: number /** Null when the token has been deleted since. */;
    answer: A | null;
    /** The token is at its end, which may have been put off since. */
    hasEnded: boolean;
  };
  /** The merchant's card has an id, and where it is given its token again, that and what it holds. */
  card?: { cardId: string; token?: StoredToken; hasEnded?: boolean; record?: SealedRecord };
}

/**
 * Looks up many requests at once, and answers what is known in their order. An answer that is just being emptied,
 * because its token is deleted, is waited for, as long as the lock timeout allows.
 */
export async function findKnown<A>(
  database: Queryable,
  requests: readonly (KeyedRequest & { fingerprints: CardFingerprints })[],
): Promise<Known<A>[]> {
  const asked = requests.flatMap(candidatesOf);
  const { rows } = await database.query<Row<A>>({
    name: 'find-known',
    text: TEXT,
    values: [
      encodeArray(
        'text',
        asked.map(({ merchant }) => merchant),
      ),
      encodeArray(
        'bytea',
        asked.map(({ keyDigest }) => keyDigest),
      ),
      encodeArray(
        'bytea',
        asked.map(({ fingerprint }) => fingerprint),
      ),
    ],
  });
  const known: Known<A>[] = requests.map(() => ({}));
  for (const row of rows) {
    const { of = 0 } = asked[row.place - 1] ?? {};
    known[of] = { ...known[of], ...toKnown<A>(row) };
  }
  return known;
}

/** While fingerprints move, a request and its card may be known under more than one key. */
function candidatesOf(request: KeyedRequest & { fingerprints: CardFingerprints }, of: number) {
  const { merchant, keyDigest, otherDigests = [], fingerprints } = request;
  const { fingerprint, otherFingerprints = [] } = fingerprints;
  const others = otherDigests.map((other, i) => ({
    ...{ of, merchant, keyDigest: other.keyDigest },
    fingerprint: otherFingerprints[i] ?? fingerprint,
  }));
  return [{ of, merchant, keyDigest, fingerprint }, ...others];
}

const TEXT = `
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[]) WITH ORDINALITY
    AS asked (merchant, key_digest, fingerprint, place)
), answered AS (
  SELECT asked.place, k.body_digest, k.status, k.answer, coalesce(t.expires_at <= now(), false) AS has_ended
  FROM asked JOIN idempotency_keys k ON k.merchant = asked.merchant AND k.key_digest = asked.key_digest
  LEFT JOIN tokens t ON t.token = k.token
  FOR SHARE OF k
)
SELECT asked.place::integer, a.body_digest AS "bodyDigest", a.status, a.answer, a.has_ended AS "answerHasEnded", c.card_id AS "cardId",
       t.token, t.merchant, t.brand, t.bin, t.last_four AS "lastFour", t.expiry_month AS "expiryMonth",
       t.expiry_year AS "expiryYear", t.card_state AS "cardState", t.record_version AS "recordVersion", t.created_at AS "createdAt",
       t.updated_at AS "updatedAt", t.expires_at AS "expiresAt", coalesce(t.expires_at <= now(), false) AS "hasEnded",
       r.format, r.key_version AS "keyVersion", r.sealed
FROM asked
LEFT JOIN answered a ON a.place = asked.place
LEFT JOIN cards c ON c.merchant = asked.merchant AND c.fingerprint = asked.fingerprint
LEFT JOIN tokens t ON t.merchant = c.merchant AND t.card_id = c.card_id AND t.deduplicated
LEFT JOIN records r ON r.token = t.token AND r.version = t.record_version
WHERE a.place IS NOT NULL OR c.card_id IS NOT NULL`;

interface Row<A> extends Omit<StoredToken, 'token' | 'cardId'> {
  place: number;
  bodyDigest: Buffer | null;
  status: number;
  answer: A | null;
  answerHasEnded: boolean;
  cardId: string | null;
  token: string | null;
  hasEnded: boolean;
  format: number;
  keyVersion: number;
  sealed: Buffer | null;
}

function toKnown<A>(row: Row<A>): Known<A> {
  const {
    place: _,
    bodyDigest,
    status,
    answer,
    answerHasEnded,
    cardId,
    token,
    hasEnded,
    format,
    keyVersion,
    sealed,
    ...shown
  } = row;
  return {
    ...(bodyDigest === null ? {} : { answered: { bodyDigest, status, answer, hasEnded: answerHasEnded } }),
    ...(cardId === null
      ? {}
      : {
          card: {
            cardId,
            ...(token === null ? {} : { token: { ...shown, cardId, token }, hasEnded }),
            ...(token === null || sealed === null
              ? {}
              : { record: { token, version: shown.recordVersion, format, keyVersion, sealed } }),
          },
        }),
  };
}
