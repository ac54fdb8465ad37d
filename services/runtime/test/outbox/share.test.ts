import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { earliest, formatCursor, furthest, isBefore, parseCursor } from '../../src/outbox/cursor.ts';
import { quota } from '../../src/outbox/share.ts';

describe('quota()', () => {
  it('gives all shards to somebody, and nobody two more than another', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 40 }), (members) => {
        const quotas = members.map((member) => quota(members, member, 16));
        expect(quotas.reduce((sum, count) => sum + count)).toBe(16);
        expect(Math.max(...quotas) - Math.min(...quotas)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('gives nothing to who is not there', () => {
    expect([quota(['a'], 'b', 16), quota([], 'b', 16)]).toEqual([0, 0]);
  });
});

describe('a cursor', () => {
  const cursor = fc.record({
    horizon: fc.bigInt({ min: 0n, max: 2n ** 63n }).map(String),
    position: fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }).map(String),
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(cursor, (any) => {
        expect(parseCursor(formatCursor(any))).toEqual(any);
      }),
    );
  });

  it('is ordered by number, and never by its signs', () => {
    expect(isBefore({ horizon: '9', position: '9' }, { horizon: '10', position: '1' })).toBe(true);
    expect(isBefore({ horizon: '9', position: '10' }, { horizon: '9', position: '9' })).toBe(false);
    fc.assert(
      fc.property(cursor, cursor, (a, b) => {
        const pair = [furthest(a, b), earliest([a, b])];
        expect(pair).toEqual(isBefore(a, b) ? [b, a] : [a, b]);
      }),
    );
  });

  it.each(['', '1', '1.', '.1', '-1.1', '1.1.1', '1e3.1', '٣.٤'])('is not %j', (text) => {
    expect(() => parseCursor(text)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
