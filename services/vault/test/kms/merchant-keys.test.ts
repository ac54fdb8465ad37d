import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createMetrics } from '@cofferdam/runtime';
import { afterAll, expect, test } from 'vitest';
import { type KeyManagement, KeyManagementError } from '../../src/kms/key-management.ts';
import { watchMerchantKeys } from '../../src/kms/merchant-keys.ts';
import { observeKeyManagement } from '../../src/kms/observed.ts';

const directory = mkdtempSync(join(tmpdir(), 'cofferdam-merchant-keys-'));
afterAll(() => rmSync(directory, { recursive: true }));
const logger = createLogger({ service: 'vault', level: 'fatal', instance: 'test' });
const arn = (name: string) => `arn:aws:kms:eu-central-1:000000000000:key/${name}`;
const written = (content: object) => {
  const path = join(directory, 'merchant-keys.json');
  writeFileSync(path, JSON.stringify(content));
  return path;
};

test("watchMerchantKeys() knows whose key is whose, and takes no other vault's list", async () => {
  const keys = [{ merchant: 'acme', keyArn: arn('acme'), bound: true }];
  const options = { vaultId: 'acme-dev', logger };
  const list = await watchMerchantKeys({ ...options, path: written({ vaultId: 'acme-dev', keys }) });
  expect([list.of('acme'), list.of('globex'), list.all()]).toEqual([keys[0], undefined, keys]);
  list.close();
  for (const wrong of [
    { vaultId: 'other', keys },
    { vaultId: 'acme-dev', keys: [{ merchant: 'acme', keyArn: 'alias/acme', bound: true }] },
    { vaultId: 'acme-dev' },
  ]) {
    await expect(watchMerchantKeys({ ...options, path: written(wrong) })).rejects.toThrow();
  }
});

test("a merchant's key that is refused says nothing of the vault's; a KMS that is away does", async () => {
  let failure: 'refused' | 'unreachable' | undefined;
  const fake = {
    generateDataKey: async () => {
      if (failure !== undefined) throw new KeyManagementError(failure, 'KMS said so');
      return { plaintext: Buffer.alloc(32), wrapped: Buffer.alloc(32) };
    },
  } as unknown as KeyManagement;
  const metrics = createMetrics();
  const kms = observeKeyManagement(fake, {
    keyArn: arn('vault'),
    vaultId: 'acme-dev',
    metrics,
    keysLastUntil: () => undefined,
  });
  const ask = (name: string) =>
    kms
      .generateDataKey(arn(name), { vaultId: 'acme-dev', merchant: 'acme', purpose: 'record' })
      .catch(() => undefined);
  await ask('vault');
  failure = 'refused';
  await ask('acme');
  expect(kms.status()).toMatchObject({ keyArn: arn('vault'), state: 'usable' });
  await ask('vault');
  failure = undefined;
  await ask('acme');
  expect(kms.status()).toMatchObject({ state: 'unavailable' });
  await ask('vault');
  failure = 'unreachable';
  await ask('acme');
  expect(kms.status()).toMatchObject({ state: 'unavailable' });
  failure = undefined;
  await ask('acme');
  expect(kms.status()).toMatchObject({ state: 'usable' });
  await metrics.close();
});
