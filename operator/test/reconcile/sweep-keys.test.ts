import { expect, test } from 'vitest';
import type { Caches } from '../../src/reconcile/caches.ts';
import { keySweeper } from '../../src/reconcile/sweep-keys.ts';
import { createManualClock } from '../engine/manual-clock.ts';
import { paymentVault } from '../fixtures.ts';

const HOUR = 3_600_000;
const vault = (vaultId: string, kms: object) =>
  paymentVault({ vaultId, kms: { ...paymentVault().spec.kms, ...kms } });

test('once a day each region is looked through for all its vaults; one that cannot be, again within the hour', async () => {
  const clock = createManualClock();
  const vaults = [
    vault('one', {}),
    vault('two', {}),
    vault('abroad', { region: 'us-east-1' }),
    vault('theirs', { create: undefined, keyId: 'alias/theirs' }),
  ];
  const swept: string[] = [];
  let away = false;
  const sweep = keySweeper({
    caches: { vaults: { store: { list: () => vaults } } } as unknown as Pick<Caches, 'vaults'>,
    keys: {
      sweep: async ({ region }, { vaultIds }) => {
        swept.push(`${region} ${[...vaultIds]}`);
        if (away && region === 'eu-central-1') throw new Error('away');
        return [];
      },
    },
    guard: () => {},
    clock,
    log: { info() {}, warn() {}, error() {} },
  });
  const after = async (ms: number) => {
    await clock.advance(ms);
    swept.length = 0;
    await sweep();
    return [...swept];
  };
  const all = ['eu-central-1 one,two', 'us-east-1 abroad'];
  expect(await after(0)).toEqual([]);
  expect(await after(600_000)).toEqual(all);
  expect(await after(23 * HOUR)).toEqual([]);
  away = true;
  expect(await after(HOUR)).toEqual(all);
  expect(await after(HOUR)).toEqual(all.slice(0, 1));
  away = false;
  expect(await after(HOUR)).toEqual(all.slice(0, 1));
  expect(await after(HOUR)).toEqual([]);
});
