import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readName, seal, unseal } from '../../../src/addons/kms/ciphertext.ts';

const context = fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 });
const plaintext = fc.uint8Array({ maxLength: 64 });
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });
const material = fc.record({
  version: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  createdAtMs: fc.constant(0),
  secret: secret.map((bytes) => Buffer.from(bytes).toString('base64')),
});

describe('a ciphertext blob', () => {
  test('opens with its material and context, whatever the order of the context', () => {
    fc.assert(
      fc.property(fc.uuid(), material, plaintext, context, (keyId, key, bytes, pairs) => {
        const blob = seal(keyId, key, bytes, pairs);
        const reversed = Object.fromEntries(Object.entries(pairs).reverse());
        expect(readName(blob)).toEqual({ keyId, version: key.version });
        expect(unseal(key, blob, reversed)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('does not open with any other context', () => {
    fc.assert(
      fc.property(fc.uuid(), material, context, context, (keyId, key, pairs, others) => {
        fc.pre(
          JSON.stringify(Object.entries(pairs).sort()) !== JSON.stringify(Object.entries(others).sort()),
        );
        expect(unseal(key, seal(keyId, key, Buffer.from('x'), pairs), others)).toBeUndefined();
      }),
    );
  });

  test('does not open when a bit of it is changed, its name included', () => {
    fc.assert(
      fc.property(fc.uuid(), material, plaintext, fc.nat(), (keyId, key, bytes, at) => {
        const blob = seal(keyId, key, bytes, {});
        const bit = at % (blob.length * 8);
        blob.writeUInt8((blob[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
        expect(unseal(key, blob, {})).toBeUndefined();
      }),
    );
  });

  test('is told from other bytes', () => {
    expect(readName(Buffer.from('AQIDAHh'))).toBeUndefined();
    expect(readName(Buffer.alloc(200, 7))).toBeUndefined();
  });
});
