import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HmacKey } from '../../src/crypto/hmac-key.ts';

describe('HmacKey', () => {
  it("answers what Node.js' own HMAC does, whatever came before", () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
    fc.assert(
      fc.property(bytes(64), fc.array(bytes(500), { minLength: 1, maxLength: 5 }), (key, messages) => {
        const hmac = new HmacKey(key);
        for (const message of messages) {
          expect(hmac.digest(message)).toEqual(createHmac('sha256', key).update(message).digest());
        }
      }),
    );
  });

  it('takes a message that is longer than all before', () => {
    const key = Buffer.alloc(32, 7);
    const message = Buffer.alloc(100_000, 'm');
    expect(new HmacKey(key).digest(message)).toEqual(createHmac('sha256', key).update(message).digest());
  });

  it('refuses after it was destroyed, and a key of more than a block', () => {
    const hmac = new HmacKey(Buffer.alloc(32, 1));
    hmac.destroy();
    expect(() => hmac.digest(Buffer.from('x'))).toThrow('destroyed');
    expect(() => new HmacKey(Buffer.alloc(65))).toThrow('64 bytes');
  });
});
