/** The element types that we send as arrays, and what each is in JavaScript. */
export interface ElementTypes {
  bool: boolean;
  bytea: Uint8Array;
  int4: number;
  /** Up to 2^53 - 1. */
  int8: number;
  text: string;
  timestamptz: Date;
}
export type ElementType = keyof ElementTypes;
export type Element<T extends ElementType> = ElementTypes[T] | null | undefined;

/** Object identifiers of the types: `SELECT oid FROM pg_type`. They are PostgreSQL's own, and the same in every one. */
const OID = { bool: 16, bytea: 17, int8: 20, int4: 23, text: 25, timestamptz: 1184 } as const;

/** PostgreSQL counts microseconds since 2000-01-01. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const TWO_TO_32 = 2 ** 32;

/**
 * A one-dimensional array in PostgreSQL's binary format (`array_recv` in its source): dimensions, whether there are
 * nulls, the element's type, length and lower bound; then each element with its length before it, -1 for null. `pg`
 * sends a Buffer as it is, so that a column of a batch is one copy here and one there, where arrays as text are
 * escaped, quoted and parsed, and bytes written as hexadecimal digits.
 */
export function encodeArray<T extends ElementType>(type: T, values: readonly Element<T>[]): Buffer {
  const write = WRITERS[type] as (value: ElementTypes[T]) => number;
  at = 0;
  ensure(20);
  int32(1);
  int32(values.some((value) => value === null || value === undefined) ? 1 : 0);
  int32(OID[type]);
  int32(values.length);
  int32(1);
  for (const value of values) {
    ensure(4);
    const lengthAt = at;
    at += 4;
    // Before the buffer is named: writing the element may put a larger one in its place.
    const length = value === null || value === undefined ? -1 : write(value);
    scratch.writeInt32BE(length, lengthAt);
  }
  return Buffer.from(scratch.subarray(0, at));
}

// One encoding at a time, and none of them waits for anything: they share a buffer, and the place in it.
let scratch = Buffer.allocUnsafeSlow(16 * 1024);
let at = 0;

/** Each writes the element and answers its length in bytes. */
const WRITERS: { [T in ElementType]: (value: ElementTypes[T]) => number } = {
  bool: (value) => {
    ensure(1);
    scratch[at++] = value ? 1 : 0;
    return 1;
  },
  bytea: (value) => {
    ensure(value.length);
    scratch.set(value, at);
    at += value.length;
    return value.length;
  },
  int4: (value) => {
    ensure(4);
    int32(value);
    return 4;
  },
  int8: (value) => {
    ensure(8);
    return int64(value);
  },
  text: (value) => {
    ensure(value.length * 3); // the most that UTF-8 takes for a UTF-16 unit
    const length = scratch.write(value, at, 'utf8');
    at += length;
    return length;
  },
  timestamptz: (value) => {
    ensure(8);
    return int64((value.getTime() - EPOCH_MS) * 1000);
  },
};

function int32(value: number): void {
  scratch.writeInt32BE(value, at);
  at += 4;
}

function int64(value: number): number {
  const high = Math.floor(value / TWO_TO_32);
  scratch.writeInt32BE(high, at);
  scratch.writeUInt32BE(value - high * TWO_TO_32, at + 4);
  at += 8;
  return 8;
}

function ensure(bytes: number): void {
  if (at + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(scratch.length * 2, at + bytes));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
}
