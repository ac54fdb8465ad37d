import { passesLuhn } from '@cofferdam/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuditEntry,
  type AuditLink,
  emptyChain,
  firstBrokenLink,
  link,
} from '../../src/domain/audit-chain.ts';
import { brandOf, truncate } from '../../src/domain/brand.ts';
import { canonicalJson } from '../../src/domain/canonical-json.ts';
import { isExpired } from '../../src/domain/expiry.ts';
import { type Grant, refusalOf } from '../../src/domain/grant-checks.ts';
import { preservingToken } from '../../src/domain/token-format.ts';
import { encodeTuple } from '../../src/domain/tuple.ts';

const digits = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength, maxLength });

describe('brandOf()', () => {
  it.each([
    ['4242424242424242', 'visa'],
    ['5555555555554444', 'mastercard'],
    ['2221000000000009', 'mastercard'],
    ['2720990000000007', 'mastercard'],
    ['2721000000000004', 'unknown'],
    ['378282246310005', 'amex'],
    ['6011111111111117', 'discover'],
    ['6445644564456445', 'discover'],
    ['30569309025904', 'diners'],
    ['3530111333300000', 'jcb'],
    ['6200000000000005', 'unionpay'],
    ['6759649826438453', 'maestro'],
    ['9999999999999995', 'unknown'],
  ])('knows %s as %s', (number, brand) => {
    expect(brandOf(number)).toBe(brand);
  });
});

it('truncate() shows eight leading digits only where eight others stay hidden', () => {
  expect(truncate('4242424242424242')).toEqual({ bin: '42424242', lastFour: '4242' });
  expect(truncate('378282246310005')).toEqual({ bin: '378282', lastFour: '0005' });
});

it('passesLuhn() notices every single wrong digit', () => {
  expect(passesLuhn('4242424242424242')).toBe(true);
  fc.assert(
    fc.property(fc.nat(15), fc.integer({ min: 1, max: 9 }), (at, by) => {
      const wrong = [...'4242424242424242'];
      wrong[at] = String((Number(wrong[at]) + by) % 10);
      expect(passesLuhn(wrong.join(''))).toBe(false);
    }),
  );
});

describe('isExpired()', () => {
  const card = { expiryMonth: 12, expiryYear: 2026 };
  it('lets a card live until its month has ended in the last time zone', () => {
    expect(isExpired(card, new Date('2027-01-01T11:59:59Z'))).toBe(false);
    expect(isExpired(card, new Date('2027-01-01T12:00:00Z'))).toBe(true);
  });
});

it('preservingToken() keeps length and last four digits, fails Luhn and begins with 9', () => {
  fc.assert(
    fc.property(digits(12, 19), digits(14, 14), (number, random) => {
      const token = preservingToken(number, random);
      expect(token).toHaveLength(number.length);
      expect(token.slice(-4)).toBe(number.slice(-4));
      expect(token[0]).toBe('9');
      expect(passesLuhn(token)).toBe(false);
    }),
  );
});

it('encodeTuple() gives two different lists different bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
      const same = a.length === b.length && a.every((part, i) => part === b[i]);
      expect(Buffer.from(encodeTuple(a)).equals(encodeTuple(b))).toBe(same);
    }),
  );
  expect(encodeTuple(['a', 'bc'])).not.toEqual(encodeTuple(['ab', 'c']));
});

it('canonicalJson() does not depend on the order of members', () => {
  expect(canonicalJson({ b: [1, { d: 1, c: null }], a: undefined })).toBe('{"b":[1,{"c":null,"d":1}]}');
});

describe('the audit chain', () => {
  const entry = (action: string): AuditEntry => ({
    ...{ time: new Date(0), issuer: 'i', subject: 's', action, merchant: 'acme' },
    ...{ token: 't', requestId: 'r', detail: '{}' },
  });
  const chain = (...actions: string[]): AuditLink[] => {
    const links: AuditLink[] = [];
    for (const action of actions) links.push(link(links.at(-1) ?? emptyChain('w'), entry(action)));
    return links;
  };

  it('holds as it was written', () => {
    expect(firstBrokenLink('w', chain('a', 'b', 'c'))).toBeUndefined();
    expect(firstBrokenLink('w', [])).toBeUndefined();
  });

  it('breaks where a member was changed, whichever it is', () => {
    const changes: Partial<AuditLink>[] = [
      ...[{ time: new Date(1) }, { issuer: 'x' }, { subject: 'x' }, { action: 'x' }, { merchant: 'x' }],
      ...[{ token: 'x' }, { requestId: 'x' }, { detail: 'x' }, { writer: 'x' }, { position: 9 }],
      ...[{ previous: new Uint8Array(32).fill(1) }, { hash: new Uint8Array(32) }],
    ];
    for (const change of changes) {
      const links = chain('a', 'b', 'c').map((one, i) => (i === 1 ? { ...one, ...change } : one));
      expect(firstBrokenLink('w', links)).toBe(2);
    }
  });

  it('breaks where an entry was taken out, put in or exchanged with its neighbour', () => {
    const [a, b, c] = chain('a', 'b', 'c');
    if (!a || !b || !c) throw new Error('three links');
    expect(firstBrokenLink('w', [a, c])).toBe(2);
    expect(firstBrokenLink('w', [a, b, b, c])).toBe(3);
    expect(firstBrokenLink('w', [a, c, b])).toBe(2);
    expect(firstBrokenLink('w', [b, c])).toBe(1);
  });
});

describe('refusalOf()', () => {
  const now = new Date('2026-11-22T12:00:00Z');
  const grant: Grant = {
    ...{ merchant: 'acme', token: 'tok', paymentId: 'pay', attemptId: 'att', connector: 'stripe' },
    ...{ subject: 'sa', purpose: 'charge', expiresAt: new Date(now.getTime() + 1), redeemedAt: undefined },
  };
  const presented = { attemptId: 'att', connector: 'stripe', subject: 'sa', mayActFor: () => true, now };

  it('finds nothing wrong with the right caller in time', () => {
    expect(refusalOf(grant, presented)).toBeUndefined();
  });

  it.each([
    ['unknown_grant', undefined, presented],
    ['merchant_not_allowed', grant, { ...presented, mayActFor: (merchant: string) => merchant === 'globex' }],
    ['other_subject', grant, { ...presented, subject: 'sb' }],
    ['other_attempt', grant, { ...presented, attemptId: 'atu' }],
    ['other_connector', grant, { ...presented, connector: 'adyen' }],
    ['redeemed_before', { ...grant, redeemedAt: now }, presented],
    ['expired', { ...grant, expiresAt: now }, presented],
  ])('says %s', (reason, stored, redemption) => {
    expect(refusalOf(stored, redemption)).toBe(reason);
  });
});
