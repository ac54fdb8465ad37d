import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSupervisor, isRunning, killSurvivors } from '../../src/process/index.ts';

const fixture = fileURLToPath(new URL('./fixtures/supervisor.ts', import.meta.url));
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cofferdam-process-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the fixture, and answers its process and the ids of the two programs that it started. */
async function startFixture(...args: string[]) {
  const supervisor = spawn(process.execPath, [fixture, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pids = await new Promise<number[]>((resolve, reject) => {
    supervisor.stdout.once('data', (line) => resolve(JSON.parse(String(line))));
    supervisor.once('exit', () => reject(new Error('the fixture ended early')));
  });
  return { supervisor, pids };
}

describe('a supervised program', () => {
  test('tells how it ended', async () => {
    const supervisor = await createSupervisor();
    const child = await supervisor.start('sh', ['-c', 'exit 3']);
    expect(await child.exited).toEqual({ code: 3, signal: null });
    await supervisor.close();
  });

  test('that does not exist is an error of start()', async () => {
    const supervisor = await createSupervisor();
    await expect(supervisor.start('/no/such/program', [])).rejects.toMatchObject({ code: 'ENOENT' });
    await supervisor.close();
  });

  test('is killed when it outlives its grace', async () => {
    const supervisor = await createSupervisor();
    const child = await supervisor.start(
      'sh',
      ['-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    await new Promise((resolve) => child.process.stdout?.once('data', resolve));
    expect(await child.stop({ graceMs: 50 })).toEqual({ code: null, signal: 'SIGKILL' });
    await supervisor.close();
  });

  test('ends with close(), and so does what it started itself', async () => {
    const supervisor = await createSupervisor();
    const child = await supervisor.start('sh', ['-c', 'sleep 1000 & echo $!; wait'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const grandchild = await new Promise<number>((resolve) =>
      child.process.stdout?.once('data', (text) => resolve(Number(text))),
    );
    await supervisor.close();
    expect(isRunning(child.pid)).toBe(false);
    await vi.waitFor(() => expect(isRunning(grandchild)).toBe(false), { timeout: 20_000 });
  });

  test('dies with a supervisor that was killed with SIGKILL, deaf ones too, and directories go', async () => {
    const { supervisor, pids } = await startFixture('', directory);
    expect(pids.map(isRunning)).toEqual([true, true]);
    supervisor.kill('SIGKILL');
    await vi.waitFor(() => expect(pids.map(isRunning)).toEqual([false, false]), { timeout: 5000 });
    await vi.waitFor(() => expect(existsSync(directory)).toBe(false), { timeout: 5000 });
  });

  test('that survived supervisor and reaper is killed through the journal', async () => {
    const journal = join(directory, 'journal');
    const { supervisor, pids } = await startFixture(journal);
    // killSurvivors() is what the next start calls; the reaper still lives here and has nothing to add
    expect((await killSurvivors(journal)).length).toBe(2);
    expect(pids.map(isRunning)).toEqual([false, false]);
    expect(existsSync(journal)).toBe(false);
    supervisor.kill('SIGKILL');
  });

  test('is not started once everything is being ended', async () => {
    const supervisor = await createSupervisor();
    const closing = supervisor.close();
    await expect(supervisor.start('sleep', ['1000'])).rejects.toThrow('sleep is not started');
    await closing;
  });

  test.each(['null', '{}', '{"pid":0}', '{"pid":-1}', '{"pid":-1,"identity":""}'])(
    'is none that a journal with %s could mean',
    async (line) => {
      const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
      try {
        const journal = join(directory, 'journal');
        writeFileSync(journal, `${line}\n`);
        expect(await killSurvivors(journal)).toEqual([]);
        expect(kill).not.toHaveBeenCalled();
      } finally {
        kill.mockRestore();
      }
    },
  );

  test('that merely has the id of one in the journal is left alone', async () => {
    const supervisor = await createSupervisor();
    const child = await supervisor.start('sleep', ['1000']);
    const journal = join(directory, 'journal');
    writeFileSync(journal, `${JSON.stringify({ pid: child.pid, identity: 'another', program: 'x' })}\n{"cut`);
    expect(await killSurvivors(journal)).toEqual([]);
    expect(isRunning(child.pid)).toBe(true);
    await supervisor.close();
  });
});
