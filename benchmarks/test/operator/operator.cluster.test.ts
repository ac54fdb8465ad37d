import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const main = new URL('../../src/main.ts', import.meta.url).pathname;

test('npm run bench -- operator measures a small fleet, prints JSON alone, and leaves nothing behind', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'bench-test-'));
  const small = ['--sizes', '2', '--samples', '1', '--resync-seconds', '1'];
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [main, 'operator', '--quick', '--json', ...small],
    { env: { ...process.env, TMPDIR: temporary }, timeout: 110_000 },
  );
  const report = JSON.parse(stdout);
  expect(Object.keys(report)).toEqual(['scenario', 'machine', 'settings', 'results', 'targets']);
  expect(report.results.map(({ name }: { name: string }) => name)).toEqual([
    'converge 2 vaults',
    'rest at 2 vaults',
    'restart at 2 vaults',
    'a new vault among 2',
  ]);
  const [converged, atRest] = report.results;
  expect(converged).toMatchObject({ p50Ms: expect.any(Number), rssPeakMiB: expect.any(Number) });
  expect(converged.writesPerVault).toBeGreaterThan(25);
  expect(converged.kmsCallsPerVault).toBeGreaterThan(5);
  expect(atRest).toMatchObject({ writes: 0, kmsCalls: 0 });
  for (const name of ['writes at rest, two resync periods', 'writes after a restart']) {
    expect(report.targets).toContainEqual({ name, wanted: '0', measured: 0, met: true });
  }
  expect(stderr).toMatch(/^ +\d+ s {2}2 vaults converge/m);
  expect(readdirSync(temporary)).toEqual([]);
}, 120_000);
