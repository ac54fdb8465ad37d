import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyedRequest } from '../src/request-digest.ts';

const key = randomBytes(32);
const body = { token: `tok_${'0'.repeat(26)}`, amount: 1050, currency: 'EUR', metadata: { a: '1', b: '2' } };
const request = { merchant: 'acme', idempotencyKey: 'order-17', body };
const digestsOf = (change: Partial<typeof request> = {}, digestKey = key) =>
  keyedRequest(digestKey, { ...request, ...change });

describe('keyedRequest()', () => {
  it('does not depend on the order of members, at any depth', () => {
    const turned = { metadata: { b: '2', a: '1' }, currency: 'EUR', amount: 1050, token: body.token };
    expect(digestsOf({ body: turned })).toEqual(digestsOf());
  });

  it('differs with the merchant, the body, the idempotency key and the digest key', () => {
    const all = [
      digestsOf(),
      digestsOf({ merchant: 'globex' }),
      digestsOf({ body: { ...body, amount: 1051 } }),
      digestsOf({}, randomBytes(32)),
    ].map(({ bodyDigest }) => bodyDigest.toString('hex'));
    expect(new Set(all).size).toBe(all.length);
    expect(digestsOf({ idempotencyKey: 'order-18' }).keyDigest).not.toEqual(digestsOf().keyDigest);
  });

  it('is the same with a sealed CVC, with another one and without', () => {
    const sealed = (cvc: string) =>
      digestsOf({ body: { ...body, ...{ sealedCvc: `cvc_${cvc.repeat(200)}` } } });
    expect([sealed('a'), sealed('b')]).toEqual([digestsOf(), digestsOf()]);
  });

  it('tells any two metadata values apart', () => {
    const metadata = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 4 });
    fc.assert(
      fc.property(metadata, metadata, (one, other) => {
        const equal =
          JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
        const digest = (value: Record<string, string>) =>
          keyedRequest(key, { ...request, body: { ...body, metadata: value } }).bodyDigest.toString('hex');
        expect(digest(one) === digest(other)).toBe(equal);
      }),
    );
  });
});
