/** A place in a list of a merchant's, newest first: everything down to this has been shown. */
export interface ListPosition {
  createdAt: Date;
  /** Of a token, customer, agreement. */
  id: string;
}

/** The last time that PostgreSQL and JavaScript write alike, Unix milliseconds. */
const END_OF_9999 = 253_402_300_799_999;

/** Opaque to callers, so that what it is made of may change. */
export function formatListCursor({ createdAt, id }: ListPosition): string {
  return Buffer.from(`${createdAt.getTime().toString(36)}.${id}`).toString('base64url');
}

/** @returns undefined for what {@link formatListCursor} does not make */
export function parseListCursor(cursor: string): ListPosition | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const [, time, id] = /^([0-9a-z]{1,10})\.([0-9a-z_]{1,40})$/.exec(text) ?? [];
  if (time === undefined || id === undefined) return undefined;
  const createdAt = new Date(Number.parseInt(time, 36));
  return createdAt.getTime() > END_OF_9999 ? undefined : { createdAt, id };
}
