import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookUpBin } from '../../src/domain/brand.ts';
import { acceptedVersions, entityTag } from '../../src/domain/if-match.ts';
import { formatListCursor, parseListCursor } from '../../src/domain/list-cursor.ts';

describe('the cursor of a list', () => {
  const id = fc.stringMatching(/^((tok|cus|agr)_[0-9a-z]{26}|9[0-9]{11,18})$/);
  const createdAt = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });

  it('gives back the position that it was made of', () => {
    fc.assert(
      fc.property(fc.record({ createdAt, id }), (position) => {
        const cursor = formatListCursor(position);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]{1,120}$/);
        expect(parseListCursor(cursor)).toEqual(position);
      }),
    );
  });

  it('is not made of anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const position = parseListCursor(text);
        expect(position === undefined || Number.isFinite(position.createdAt.getTime())).toBe(true);
      }),
    );
    expect(parseListCursor('')).toBeUndefined();
    expect(parseListCursor(Buffer.from('zzzzzzzzzz.tok').toString('base64url'))).toBeUndefined();
  });
});

describe('acceptedVersions()', () => {
  it.each([
    ['*', 'any'],
    [entityTag(3), [3]],
    ['"3", "17"', [3, 17]],
    ['W/"3"', []],
    ['"abc", "0"', []],
    ['3', undefined],
    ['', undefined],
    ['"3" "4"', undefined],
  ])('reads %s as %s', (header, versions) => {
    expect(acceptedVersions(header)).toEqual(versions);
  });
});

describe('lookUpBin()', () => {
  it.each([
    ['424242', 'visa', 3],
    ['55555555', 'mastercard', 3],
    ['378282', 'amex', 4],
    ['999999', 'unknown', undefined],
  ])('knows %s as %s', (bin, brand, cvcLength) => {
    expect(lookUpBin(bin)).toMatchObject({ bin, brand, ...(cvcLength === undefined ? {} : { cvcLength }) });
  });
});
