import { type BatchStatement, type Column, encodeArray, type Queryable } from '@cofferdam/runtime';

/** A sealed CVC that a payment has had opened; of the CVC itself there is nothing here. */
export interface UsedCvc {
  id: Buffer;
  paymentId: string;
  /** Of the sealed CVC: then the mark has served its time. */
  expiresAt: Date;
}

/** Which payment has used each, by its id in hexadecimal; those that nobody has used are left out. */
export async function findCvcUses(database: Queryable, ids: readonly Buffer[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const { rows } = await database.query<{ id: Buffer; paymentId: string }>({
    name: 'find-cvc-uses',
    text: 'SELECT id, payment_id AS "paymentId" FROM used_cvcs WHERE id = ANY ($1::bytea[])',
    values: [encodeArray('bytea', ids)],
  });
  return new Map(rows.map(({ id, paymentId }) => [id.toString('hex'), paymentId]));
}

const USED: readonly Column<UsedCvc>[] = [
  { name: 'id', type: 'bytea', of: ({ id }) => id },
  { name: 'payment_id', type: 'text', of: ({ paymentId }) => paymentId },
  { name: 'expires_at', type: 'timestamptz', of: ({ expiresAt }) => expiresAt },
];

/** Marks them, once each. When another payment was faster with one of them the statement fails. */
export function useCvcs(write: BatchStatement, cvcs: readonly UsedCvc[]): void {
  if (cvcs.length === 0) return;
  const inOrder = cvcs.toSorted((a, b) => Buffer.compare(a.id, b.id));
  const used = write.step(
    `INSERT INTO used_cvcs AS u (id, payment_id, expires_at)
     SELECT * FROM ${write.rows(USED, inOrder)} AS new (id, payment_id, expires_at)
     ON CONFLICT (id) DO UPDATE SET payment_id = u.payment_id WHERE u.payment_id = excluded.payment_id
     RETURNING 1`,
  );
  write.expect(used, cvcs.length);
}

/** Removes marks of what could not be used any more, a bounded number. @returns how many */
export async function removeOldCvcMarks(database: Queryable, limit: number): Promise<number> {
  const { rowCount } = await database.query({
    text: 'DELETE FROM used_cvcs WHERE id IN (SELECT id FROM used_cvcs WHERE expires_at < now() LIMIT $1)',
    values: [limit],
  });
  return rowCount ?? 0;
}
