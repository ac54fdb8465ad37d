import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeArray } from '../../src/index.ts';

/** What PostgreSQL's `array_recv` reads: elements as bytes, or null. */
function decode(array: Buffer): { elementType: number; elements: (Buffer | null)[] } {
  const [dimensions, hasNulls, elementType, length, lowerBound] = [0, 4, 8, 12, 16].map((at) =>
    array.readInt32BE(at),
  );
  expect([dimensions, lowerBound]).toEqual([1, 1]);
  const elements: (Buffer | null)[] = [];
  let at = 20;
  for (let i = 0; i < (length ?? 0); i++) {
    const size = array.readInt32BE(at);
    elements.push(size === -1 ? null : array.subarray(at + 4, at + 4 + size));
    at += 4 + Math.max(0, size);
  }
  expect([at, hasNulls === 1]).toEqual([array.length, elements.includes(null)]);
  return { elementType: elementType ?? 0, elements };
}

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);
const columns = fc.oneof(
  fc.record({
    type: fc.constant('text' as const),
    values: fc.array(fc.option(fc.string({ unit: 'grapheme' }))),
  }),
  fc.record({ type: fc.constant('bytea' as const), values: fc.array(fc.option(fc.uint8Array())) }),
  fc.record({ type: fc.constant('int4' as const), values: fc.array(fc.option(fc.integer())) }),
  fc.record({ type: fc.constant('int8' as const), values: fc.array(fc.option(fc.maxSafeInteger())) }),
  fc.record({ type: fc.constant('bool' as const), values: fc.array(fc.option(fc.boolean())) }),
  fc.record({
    type: fc.constant('timestamptz' as const),
    values: fc.array(
      fc.option(fc.date({ min: new Date('1970-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })),
    ),
  }),
);

function expected(type: string, value: unknown): Buffer | null {
  if (value === null) return null;
  if (type === 'text') return Buffer.from(String(value).toWellFormed());
  if (type === 'bytea') return Buffer.from(value as Uint8Array);
  if (type === 'bool') return Buffer.from([value ? 1 : 0]);
  const bytes = Buffer.alloc(type === 'int4' ? 4 : 8);
  if (type === 'int4') bytes.writeInt32BE(value as number);
  else if (type === 'int8') bytes.writeBigInt64BE(BigInt(value as number));
  else bytes.writeBigInt64BE(BigInt((value as Date).getTime() - POSTGRES_EPOCH_MS) * 1000n);
  return bytes;
}

it('encodeArray() gives what array_recv reads, for every type and with nulls', () => {
  fc.assert(
    fc.property(columns, ({ type, values }) => {
      const { elements } = decode(encodeArray(type, values as never));
      expect(elements).toEqual(values.map((value) => expected(type, value)));
    }),
  );
});

it('encodeArray() takes more than it had room for, whichever element it is that does not fit', () => {
  for (const size of [1, 999, 4096, 70_000]) {
    const values = Array.from({ length: 100 }, (_, i) => String(i % 10).repeat(size));
    expect(decode(encodeArray('text', values)).elements.map(String)).toEqual(values);
  }
});
