import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';

const main = new URL('../../src/main.ts', import.meta.url).pathname;

function start(temporary: string, ...args: string[]): ChildProcess & { ended: Promise<unknown[]> } {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, TMPDIR: temporary } });
  onTestFinished(() => void child.kill('SIGKILL'));
  return Object.assign(child, { ended: once(child, 'exit') });
}

test('npm run bench -- specification-walk repeats a walk by its seed, and prints JSON alone', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'bench-test-'));
  const child = start(
    temporary,
    'specification-walk',
    '--walks',
    '1',
    '--steps',
    '2',
    '--seed',
    '7',
    '--json',
  );
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout ?? process.stdin),
    text(child.stderr ?? process.stdin),
    child.ended,
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^ +\d+ s {2}seed 7/) });
  expect(JSON.parse(stdout)).toMatchObject({
    scenario: 'specification-walk',
    settings: {
      commit: expect.stringMatching(/^([0-9a-f]{12}(\+changes)?|unknown)$/),
      command: 'npm run bench -- specification-walk --walks 1 --steps 2 --seed 7',
      seed: 7,
    },
    results: [{ tried: 2, home: 1, writesAtRest: 0, errors: 0 }],
    problems: [],
  });
  expect(readdirSync(temporary)).toEqual([]);
}, 120_000);

test('Ctrl-C in the middle of a walk ends it with status 130, and leaves nothing behind', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'bench-test-'));
  const child = start(temporary, 'specification-walk', '--walks', '1', '--steps', '100');
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  await vi.waitFor(() => expect(said).toMatch(/of 100 steps/), { timeout: 100_000 });
  child.kill('SIGINT');
  expect([await child.ended, said]).toEqual([[130, null], expect.stringMatching(/bench: stopped\n$/)]);
  expect(readdirSync(temporary)).toEqual([]);
}, 120_000);
