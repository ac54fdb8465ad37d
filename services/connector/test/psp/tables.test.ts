import { describe, expect, it } from 'vitest';
import { ADYEN_TABLE } from '../../src/psp/adyen-table.ts';
import { STRIPE_TABLE } from '../../src/psp/stripe-table.ts';
import { result } from '../../src/psp/verdict.ts';

describe.each([
  ['stripe', STRIPE_TABLE],
  ['adyen', ADYEN_TABLE],
] as const)('the table of %s', (_name, table) => {
  it('can carry an attempt id as idempotency key', () => {
    expect(table.idempotency.maxKeyLength).toBeGreaterThanOrEqual('att_'.length + 26);
  });

  it.each(Object.entries(table.verdicts))('%s keeps outcome and processed in agreement', (_code, verdict) => {
    const expected = {
      approved: 'yes',
      soft_decline: 'no',
      hard_decline: 'no',
      error: 'no',
      unknown: 'unknown',
    };
    expect(verdict.processed).toBe(expected[verdict.outcome]);
    expect(verdict.code).toMatch(/^[a-z_]{3,40}$/);
  });
});

describe('result()', () => {
  const verdict = STRIPE_TABLE.verdicts['do_not_honor'] ?? expect.unreachable();

  it('keeps plain codes', () => {
    expect(result(verdict, { code: 'do_not_honor', reference: 'pi_3Ab' })).toMatchObject({
      rawCode: 'do_not_honor',
      pspReference: 'pi_3Ab',
    });
  });

  it.each(['card 4242424242424242', '4242424242424242', 'x'.repeat(65), 12, null])(
    'leaves out %s',
    (code) => {
      expect(result(verdict, { code, reference: code })).toEqual(verdict);
    },
  );
});
