import { expect, test } from 'vitest';
import type { KeyOutcome } from '../../src/desired/key.ts';
import { paymentVault } from '../fixtures.ts';
import { messageOf, say, statusOf } from './vault-observation.ts';

const KEY_OF = (name: string) => `arn:aws:kms:eu-central-1:000000000000:key/${name}`;

test("a merchant's key that cannot be used is told by a condition of its own, and the vault goes on", () => {
  const vault = paymentVault({
    keys: { merchantKeys: ['acme', 'globex'].map((merchant) => ({ merchant, keyArn: KEY_OF(merchant) })) },
  });
  const fine = { merchant: 'globex', keyArn: KEY_OF('globex') };
  const lost = {
    ...{ merchant: 'acme', keyArn: KEY_OF('acme') },
    problem: { reason: 'KeyDisabled', message: 'key is Disabled: enable it' } as const,
  };
  const told = (merchantKeys: KeyOutcome['merchantKeys']) =>
    statusOf({ key: { keyArn: 'arn', ...(merchantKeys === undefined ? {} : { merchantKeys }) } }, vault);
  expect(say(told(undefined))).toMatchObject({ MerchantKeysBound: 'Unknown Progressing' });
  expect(say(told([lost, fine]))).toMatchObject({
    MerchantKeysBound: 'False KeyDisabled',
    KeyBound: 'True Succeeded',
    Available: 'True Succeeded',
    Stalled: 'True KeyDisabled',
  });
  expect(messageOf(told([lost, fine]), 'MerchantKeysBound')).toBe(
    'merchant acme: key is Disabled: enable it. All others go on',
  );
  const away = { reason: 'KmsUnreachable', message: 'away' } as const;
  expect(say(told([{ ...lost, problem: away }, fine]))).toMatchObject({
    MerchantKeysBound: 'False KmsUnreachable',
    Reconciling: 'True KmsUnreachable',
  });
  const left = { merchant: 'acme', keyArn: 'old', retiring: true as const, problem: lost.problem };
  const { problem: _, ...mended } = lost;
  const good = told([mended, fine, left]);
  expect(say(good)).toMatchObject({ MerchantKeysBound: 'True Succeeded', Ready: 'True Succeeded' });
  expect(good.kms?.merchantKeys?.map(({ state }) => state)).toEqual(['Bound', 'Bound', 'Retiring']);
  expect(say(statusOf({}, paymentVault()))).not.toHaveProperty('MerchantKeysBound');
});
