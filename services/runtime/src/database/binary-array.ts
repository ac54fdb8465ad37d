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

/** Shorter texts are copied unit by unit, as long as they are ASCII: a call into C++ costs more than that. */
const SHORT_TEXT = 48;

/** Writes PostgreSQL's binary formats into one buffer, which grows. */
export class BinaryWriter {
  /** Up to {@link at} it is written. Replaced when it is too small. */
  buffer: Buffer;
  at = 0;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }

  /**
   * A one-dimensional array (`array_recv` in PostgreSQL's source): dimensions, whether there are nulls, the element's
   * type, length and lower bound; then each element with its length before it, -1 for null.
   *
   * @param of what of each is an element
   */
  array<T extends ElementType, V>(type: T, values: readonly V[], of: (value: V) => Element<T>): void {
    const writeElement = WRITERS[type] as (to: BinaryWriter, value: ElementTypes[T]) => void;
    this.int32(1);
    const hasNullsAt = this.at;
    this.int32(0);
    this.int32(OID[type]);
    this.int32(values.length);
    this.int32(1);
    for (const one of values) {
      const lengthAt = this.at;
      this.int32(-1);
      const value = of(one);
      if (value === null || value === undefined) {
        this.buffer[hasNullsAt + 3] = 1;
        continue;
      }
      writeElement(this, value);
      this.setInt32(lengthAt, this.at - lengthAt - 4);
    }
  }

  int16(value: number): void {
    this.ensure(2);
    this.buffer[this.at++] = value >>> 8;
    this.buffer[this.at++] = value;
  }

  int32(value: number): void {
    this.ensure(4);
    this.setInt32(this.at, value);
    this.at += 4;
  }

  int64(value: number): void {
    const high = Math.floor(value / TWO_TO_32);
    this.int32(high);
    this.int32(value - high * TWO_TO_32);
  }

  /** Over what is written. */
  setInt32(at: number, value: number): void {
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  bytes(value: Uint8Array): void {
    this.ensure(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  text(value: string): void {
    this.ensure(value.length * 3); // the most that UTF-8 takes for a UTF-16 unit
    if (value.length <= SHORT_TEXT && this.#ascii(value)) return;
    this.at += this.buffer.write(value, this.at, 'utf8');
  }

  /** @returns false, and nothing is written, where it is not ASCII */
  #ascii(value: string): boolean {
    const { buffer, at } = this;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return false;
      buffer[at + i] = unit;
    }
    this.at += value.length;
    return true;
  }

  ensure(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}

const WRITERS: { [T in ElementType]: (to: BinaryWriter, value: ElementTypes[T]) => void } = {
  bool: (to, value) => {
    to.ensure(1);
    to.buffer[to.at++] = value ? 1 : 0;
  },
  bytea: (to, value) => to.bytes(value),
  int4: (to, value) => to.int32(value),
  int8: (to, value) => to.int64(value),
  text: (to, value) => to.text(value),
  timestamptz: (to, value) => to.int64((value.getTime() - EPOCH_MS) * 1000),
};

/**
 * An array as a parameter of a statement: `pg` sends a Buffer as it is, so that a column of a batch is one copy here and
 * one there, where arrays as text are escaped, quoted and parsed, and bytes written as hexadecimal digits.
 */
export function encodeArray<T extends ElementType>(type: T, values: readonly Element<T>[]): Buffer {
  scratch.at = 0;
  scratch.array(type, values, (value) => value);
  return Buffer.from(scratch.buffer.subarray(0, scratch.at));
}

// One encoding at a time, and none of them waits for anything: they share it.
const scratch = new BinaryWriter(16 * 1024);
