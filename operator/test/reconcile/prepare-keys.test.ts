import { expect, test } from 'vitest';
import type { Caches } from '../../src/reconcile/caches.ts';
import { keyPreparer } from '../../src/reconcile/prepare-keys.ts';
import { paymentVault } from '../fixtures.ts';

const vault = (vaultId: string, kms: object, keyArn?: string) => ({
  ...paymentVault({ vaultId, kms: { ...paymentVault().spec.kms, ...kms } }),
  ...(keyArn === undefined ? {} : { status: { kms: { keyArn } } }),
});

test('each region is prepared once, with the keys that its vaults have; one that cannot be, again', async () => {
  const vaults = [
    vault('new', {}),
    vault('old', {}, 'arn:old'),
    vault('theirs', { create: undefined, keyId: 'alias/theirs' }, 'arn:theirs'),
  ];
  const prepared: string[] = [];
  const warned: string[] = [];
  let away = false;
  const prepare = keyPreparer({
    caches: { vaults: { store: { list: () => vaults } } } as unknown as Pick<Caches, 'vaults'>,
    keys: {
      prepare: async ({ region }, known) => {
        prepared.push(`${region} ${[...known].map(({ vaultId, keyArn }) => `${vaultId}=${keyArn}`)}`);
        if (away) throw new Error('away');
      },
    },
    guard: () => {},
    log: { info() {}, warn: (_: object, text: string) => warned.push(text), error() {} },
  });
  // At once: what comes next may want to know.
  const first = prepare();
  expect(prepared.splice(0)).toEqual(['eu-central-1 old=arn:old']);
  await first;
  vaults.push(vault('abroad', { region: 'us-east-1' }));
  away = true;
  await prepare();
  expect(prepared.splice(0)).toEqual(['us-east-1 ']);
  expect(warned).toHaveLength(1);
  away = false;
  await prepare();
  expect(prepared.splice(0)).toEqual(['us-east-1 ']);
  await prepare();
  expect(prepared).toEqual([]);
});
