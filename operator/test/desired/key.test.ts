import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyPlan, previousKeys, retirable } from '../../src/desired/key.ts';
import { facts, paymentVault } from '../fixtures.ts';

const key = { keyArn: 'new', previousKeyArns: ['older', 'old'] };
const seen = {
  rolledOut: true,
  reported: { keyArn: 'new', inUse: ['new', 'old'] },
  rekey: { finished: true },
};

test('a key of before is retired only when every pod has the new one and none of its data keys is left', () => {
  expect(retirable(key, seen)).toEqual(['older']);
  expect(retirable(key, { ...seen, rekey: undefined })).toEqual(['older']);
  expect(retirable(key, { ...seen, rolledOut: false })).toEqual([]);
  expect(retirable(key, { ...seen, rekey: { finished: false } })).toEqual([]);
  expect(retirable(key, { ...seen, reported: undefined })).toEqual([]);
  // A vault that cannot say, and one that has not been told of the new key.
  expect(retirable(key, { ...seen, reported: { keyArn: 'new' } })).toEqual([]);
  expect(retirable(key, { ...seen, reported: { keyArn: 'old', inUse: ['old'] } })).toEqual([]);
});

test('whatever keys come one after the other, each but the current one is remembered until it is retired', () => {
  const anyArn = fc.constantFrom('a', 'b', 'c', undefined);
  fc.assert(
    fc.property(fc.array(anyArn, { maxLength: 12 }), (bindings) => {
      let status: { keyArn?: string; previousKeyArns?: string[] } = {};
      const had = new Set<string>();
      for (const keyArn of bindings) {
        const previousKeyArns = previousKeys(status, keyArn);
        if (keyArn !== undefined) {
          had.add(keyArn);
          status = { keyArn, previousKeyArns };
        }
        expect(new Set([...previousKeyArns, status.keyArn].filter((arn) => arn !== undefined))).toEqual(had);
        if (keyArn !== undefined) expect(previousKeyArns).not.toContain(keyArn);
        expect(new Set(previousKeyArns).size).toBe(previousKeyArns.length);
      }
    }),
  );
});

test('the plan knows what was bound before, so that it is not replaced in silence', () => {
  const vault = paymentVault();
  const status = {
    kms: { keyArn: 'arn', origin: 'Created' as const, grantId: 'g', previousKeyArns: ['old'] },
  };
  expect(keyPlan({ ...vault, status }, facts)).toMatchObject({
    bound: { keyArn: 'arn', origin: 'Created', granted: true },
    previousKeyArns: ['old'],
  });
  expect(keyPlan(vault, facts)).toMatchObject({ previousKeyArns: [] });
});

test('grants bear the mark of the installation and of the namespace, as soon as the former is known', () => {
  const plan = keyPlan(paymentVault(), { ...facts, installation: 'lease-uid' });
  expect(plan).toMatchObject({ grantMark: 'lease-uid/payments-dev' });
  expect(keyPlan(paymentVault(), facts)).not.toHaveProperty('grantMark');
});
