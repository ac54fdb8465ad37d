import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const main = new URL('../../src/main.ts', import.meta.url).pathname;

test('npm run bench -- vault measures beside two-row transactions, prints JSON alone, and leaves nothing behind', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'bench-test-'));
  const small = [
    '--quick',
    '--json',
    '--seconds',
    '1',
    '--soak-seconds',
    '3',
    '--connections',
    '8',
    '--replicas',
    '1',
  ];
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'vault', ...small], {
    env: { ...process.env, TMPDIR: temporary },
    timeout: 110_000,
  });
  const report = JSON.parse(stdout);
  expect(report.settings).toMatchObject({ fsync: 'on', synchronous_commit: 'on' });
  const tokenized = report.results.filter(({ name }: { name: string }) => /^(tokenize|mixed)/.test(name));
  expect(tokenized.map(({ name, errors }: { name: string; errors: number }) => [name, errors])).toEqual([
    ['tokenize, cold, 1 process', 0],
    ['tokenize, 1 process', 0],
    ['tokenize at half the rate, 1 process', 0],
    ['mixed at half the rate, 1 process', 0],
    ['tokenize at half the rate while a rekey runs, 1 process', 0],
  ]);
  expect(tokenized[1]).toMatchObject({
    perBaselineTransaction: expect.any(Number),
    vaultCpuMicrosecondsEach: expect.any(Number),
    rssPeakMiB: expect.any(Number),
  });
  expect(report.results.at(-1)).toMatchObject({
    ...{ name: 'soak: 3 s at half the rate, 1 process', errors: 0 },
    ...{ rssFirstThirdMiB: expect.any(Number), rssGrowthMiB: expect.any(Number) },
  });
  expect(report.targets.map(({ name }: { name: string }) => name)).toHaveLength(4);
  expect(readdirSync(temporary)).toEqual([]);
}, 120_000);
