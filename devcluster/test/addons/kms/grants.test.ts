import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atLeastAsStrict, grantAllows, meets } from '../../../src/addons/kms/grants.ts';
import type { GrantConstraints, GrantRecord } from '../../../src/addons/kms/state.ts';

const pairs = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'), { maxKeys: 3 });
const constraints: fc.Arbitrary<GrantConstraints | undefined> = fc.option(
  fc.oneof(
    fc.constant({}),
    pairs.map((EncryptionContextSubset) => ({ EncryptionContextSubset })),
    pairs.map((EncryptionContextEquals) => ({ EncryptionContextEquals })),
  ),
  { nil: undefined },
);
const grant: GrantRecord = {
  grantId: 'g',
  granteePrincipal: 'vault',
  operations: ['Decrypt', 'DescribeKey'],
  constraints: { EncryptionContextSubset: { vault: 'acme' } },
  issuingAccount: 'x',
  createdAtMs: 0,
  grantToken: 't',
};

describe('grantAllows()', () => {
  const request = {
    principal: 'vault',
    operation: 'Decrypt',
    context: { vault: 'acme', merchant: 'm' },
  } as const;
  test.each([
    ['what it names', request, true],
    ['no other principal', { ...request, principal: 'other' }, false],
    ['no other operation', { ...request, operation: 'Encrypt' }, false],
    ['no other context', { ...request, context: { vault: 'globex' } }, false],
    ['no context at all', { ...request, context: {} }, false],
    ['no value that differs in case', { ...request, context: { vault: 'Acme' } }, false],
    ['DescribeKey, which has no context', { ...request, operation: 'DescribeKey', context: {} }, true],
  ] as const)('allows %s', (_what, asked, allowed) => {
    expect(grantAllows(grant, asked)).toBe(allowed);
  });
});

describe('meets()', () => {
  test('wants the whole context for Equals, and a part of it for Subset', () => {
    expect(meets({ a: '1', b: '2' }, { EncryptionContextSubset: { a: '1' } })).toBe(true);
    expect(meets({ a: '1', b: '2' }, { EncryptionContextEquals: { a: '1' } })).toBe(false);
    expect(meets({ a: '1' }, { EncryptionContextEquals: { a: '1' } })).toBe(true);
    expect(meets({}, { EncryptionContextEquals: { toString: 'x' } })).toBe(false);
  });
});

describe('atLeastAsStrict()', () => {
  test('never lets a grant be passed on that allows more', () => {
    fc.assert(
      fc.property(constraints, constraints, pairs, (inner, outer, context) => {
        fc.pre(atLeastAsStrict(inner, outer) && meets(context, inner));
        expect(meets(context, outer)).toBe(true);
      }),
    );
  });

  test('lets the same be passed on', () => {
    fc.assert(fc.property(constraints, (same) => atLeastAsStrict(same, same)));
  });
});
