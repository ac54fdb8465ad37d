import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedMerchants, chooseMerchant } from '../../src/authentication/authorize.ts';
import type { Identity } from '../../src/index.ts';

const identity = (subject: string, claimedMerchants: string[] = []): Identity => ({
  ...{ issuer: 'i', subject, claimedMerchants, lifetimeSeconds: 600, pod: undefined },
});
const RULES = [
  { subjects: ['shop'], merchants: ['acme'], allow: ['tokens:create' as const] },
  { subjects: ['team-*'], merchants: ['acme', 'globex'], allow: ['tokens:read' as const] },
  { subjects: ['router'], merchants: ['*'], allow: ['tokens:read' as const] },
  { subjects: ['portal'], merchants: ['$claim'], allow: ['tokens:read' as const] },
];
const authorize = (
  who: Identity,
  permission: Parameters<typeof allowedMerchants>[2],
  header: string | undefined,
) => chooseMerchant(allowedMerchants(RULES, who, permission), header);
const codeOf = (work: () => unknown) => {
  try {
    return work();
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the merchant of a request', () => {
  it.each([
    ['the only merchant of a rule', 'shop', 'tokens:create', undefined, 'acme'],
    ['the same, named', 'shop', 'tokens:create', 'acme', 'acme'],
    ['a merchant of no rule', 'shop', 'tokens:create', 'globex', 'forbidden'],
    ['a permission of no rule', 'shop', 'tokens:read', undefined, 'forbidden'],
    ['a subject of no rule', 'shopper', 'tokens:create', undefined, 'forbidden'],
    ['a prefix, one of several chosen', 'team-a', 'tokens:read', 'globex', 'globex'],
    ['a prefix, none chosen', 'team-a', 'tokens:read', undefined, 'merchant_required'],
    ['every merchant, one chosen', 'router', 'tokens:read', 'initech', 'initech'],
    ['every merchant, none chosen', 'router', 'tokens:read', undefined, 'merchant_required'],
    ['every merchant, chosen with what is no name', 'router', 'tokens:read', '../acme', 'forbidden'],
    ['every merchant, chosen with a star', 'router', 'tokens:read', '*', 'forbidden'],
    ['a star of a rule is not a subject', '*', 'tokens:read', 'acme', 'forbidden'],
  ] as const)('%s', (_name, subject, permission, header, wanted) => {
    expect(codeOf(() => authorize(identity(subject), permission, header))).toBe(wanted);
  });

  it('takes merchants from the claim where a rule says so, and a star in the claim is nobody', () => {
    expect(authorize(identity('portal', ['acme']), 'tokens:read', undefined)).toBe('acme');
    expect(codeOf(() => authorize(identity('portal', []), 'tokens:read', undefined))).toBe('forbidden');
  });

  it('never gives what no rule names', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('tokens:reveal', 'status:read'), (subject, permission) => {
        expect(codeOf(() => allowedMerchants(RULES, identity(subject), permission))).toBe('forbidden');
      }),
    );
  });
});
