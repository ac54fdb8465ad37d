import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DataKey } from '../../src/crypto/data-key.ts';
import { openCard, sealCard } from '../../src/crypto/sealed-card.ts';

const card = { number: '4242424242424242', expiryMonth: 12, expiryYear: 2032, holderName: 'Ada Lovelace' };
const place = { token: 'tok_a', merchant: 'acme', recordVersion: 1 };
const newKey = (version = 1) => new DataKey(version, randomBytes(32));

describe('a sealed card', () => {
  const key = newKey();
  const record = sealCard(key, 'acme-dev', place, card);

  it('opens in its place', () => {
    expect(openCard(key, 'acme-dev', place, record)).toEqual(card);
  });

  it('does not hold the card in the clear, and is another each time', () => {
    expect(record.sealed.includes('4242')).toBe(false);
    expect(sealCard(key, 'acme-dev', place, card).sealed.equals(record.sealed)).toBe(false);
  });

  it.each([
    ['another vault', () => openCard(key, 'acme-prod', place, record)],
    ['another merchant', () => openCard(key, 'acme-dev', { ...place, merchant: 'globex' }, record)],
    ['another token', () => openCard(key, 'acme-dev', { ...place, token: 'tok_b' }, record)],
    ['another version', () => openCard(key, 'acme-dev', { ...place, recordVersion: 2 }, record)],
    ['another key', () => openCard(newKey(), 'acme-dev', place, record)],
    ['another key version', () => openCard(key, 'acme-dev', place, { ...record, keyVersion: 2 })],
    ['another format', () => openCard(key, 'acme-dev', place, { ...record, format: 2 })],
  ])('does not open for %s', (_name, open) => {
    expect(open).toThrow(expect.objectContaining({ code: 'integrity_error' }));
  });

  it('does not open when any one byte was changed or cut off', () => {
    for (let i = 0; i < record.sealed.length; i++) {
      const sealed = Buffer.from(record.sealed);
      sealed.writeUInt8(sealed.readUInt8(i) ^ 1, i);
      expect(() => openCard(key, 'acme-dev', place, { ...record, sealed })).toThrow();
    }
    expect(() =>
      openCard(key, 'acme-dev', place, { ...record, sealed: record.sealed.subarray(0, -1) }),
    ).toThrow();
    expect(() => openCard(key, 'acme-dev', place, { ...record, sealed: Buffer.alloc(0) })).toThrow();
  });
});

describe('DataKey', () => {
  it('zeroes its bytes and refuses to work once it is destroyed', () => {
    const bytes = randomBytes(32);
    const key = new DataKey(1, bytes);
    key.destroy();
    expect(bytes.equals(Buffer.alloc(32))).toBe(true);
    expect(() => key.seal(Buffer.from('x'), Buffer.alloc(0))).toThrow('destroyed');
    expect(() => key.digest('fingerprint', 'x')).toThrow('destroyed');
  });

  it('gives another digest for another key, purpose or split of the parts', () => {
    const [a, b] = [newKey(), newKey()];
    const digests = [
      a.digest('fingerprint', 'x', 'yz'),
      b.digest('fingerprint', 'x', 'yz'),
      a.digest('request', 'x', 'yz'),
      a.digest('fingerprint', 'xy', 'z'),
    ];
    expect(new Set(digests.map((digest) => digest.toString('hex'))).size).toBe(4);
    expect(a.digest('fingerprint', 'x', 'yz').equals(digests[0] ?? Buffer.alloc(0))).toBe(true);
  });

  it('refuses a key of another size', () => {
    expect(() => new DataKey(1, randomBytes(16))).toThrow('32 bytes');
  });
});
