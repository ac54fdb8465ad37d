import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SupervisedChild } from '@cofferdam/devcluster/process';
import { BenchError } from '../errors.ts';
import { usageOf } from '../harness/process-usage.ts';
import { endOf, startProgram } from '../harness/programs.ts';
import { waitUntil } from '../harness/wait.ts';
import type { VaultEnvironment } from './environment.ts';
import type { Phase, PhaseResult } from './load/phase.ts';

const vaultMain = fileURLToPath(new URL('../../../services/vault/src/main.ts', import.meta.url));
const loadMain = fileURLToPath(new URL('./load/main.ts', import.meta.url));

/**
 * As the root package.json and the Dockerfile have them. The old generation grows to several times what is in use
 * otherwise, and glibc keeps an arena for each of V8's threads.
 */
export const VAULT_FLAGS: readonly string[] = ['--max-semi-space-size=16', '--heap-growing-percent=60'];
const VAULT_MALLOC = { MALLOC_ARENA_MAX: '2' };

export type VaultReplica = { pid: number; url: string; stop(): Promise<void> };

/**
 * Brings the schema up to date, as the Job of a roll-out does.
 *
 * @param main of the vault's code; default: ours
 */
export async function migrate(environment: VaultEnvironment, main = vaultMain): Promise<void> {
  const { supervisor, logDirectory, vaultEnvironment } = environment;
  const { child, logFile } = await startProgram(supervisor, {
    ...{ name: 'migrate', logDirectory },
    args: [main, 'migrate'],
    env: { ...vaultEnvironment, POD_NAME: 'migrate' },
  });
  const { code } = await child.exited;
  if (code !== 0)
    throw new BenchError('invalid', `the migration ended with status ${code}:\n${endOf(logFile)}`);
}

/** A vault as `npm run vault` starts it: the same module and flags, settings by environment, a real SIGTERM. */
export async function startReplica(
  environment: VaultEnvironment,
  options: { name: string; env: Record<string, string>; nodeFlags: readonly string[]; signal: AbortSignal },
): Promise<VaultReplica> {
  const { supervisor, logDirectory, vaultEnvironment } = environment;
  mkdirSync(logDirectory, { recursive: true });
  const logFile = join(logDirectory, `${options.name}.log`);
  rmSync(logFile, { force: true });
  // Not a pipe, which we would have to empty: a line a request, on the processors that are measured.
  const log = openSync(logFile, 'a', 0o600);
  const child = await supervisor.start(
    process.execPath,
    [...VAULT_FLAGS, `--diagnostic-dir=${process.cwd()}`, ...options.nodeFlags, vaultMain, 'serve'],
    {
      env: { ...VAULT_MALLOC, ...vaultEnvironment, ...options.env, POD_NAME: options.name },
      stdio: ['ignore', log, log],
    },
  );
  closeSync(log);
  const url = await waitUntil(
    () => /Server listening at (https:[^"]+)"/.exec(readFileSync(logFile, 'utf8'))?.[1],
    {
      ...{ signal: options.signal, timeoutMs: 60_000 },
      onTimeout: () => `${options.name} was not up within 60 s:\n${endOf(logFile)}`,
    },
  );
  return {
    pid: child.pid,
    url,
    async stop() {
      const { code, signal } = await child.stop({ signal: 'SIGTERM', graceMs: 30_000 });
      if (code === 0) return;
      throw new BenchError(
        'invalid',
        `${options.name} ended with ${signal ?? `status ${code}`}:\n${endOf(logFile)}`,
      );
    },
  };
}

export type LoadGenerator = {
  pid: number;
  run(phase: Phase): Promise<PhaseResult>;
  stop(): Promise<unknown>;
};

export async function startLoadGenerator(environment: VaultEnvironment): Promise<LoadGenerator> {
  const settings = JSON.stringify(await environment.loadSettings());
  const child = await environment.supervisor.start(process.execPath, [loadMain, settings], {
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: streamOf(child) })[Symbol.asyncIterator]();
  return {
    pid: child.pid,
    async run(phase) {
      child.process.stdin?.write(`${JSON.stringify(phase)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new BenchError('invalid', 'the load generator has ended');
      return JSON.parse(value) as PhaseResult;
    },
    stop: () => child.stop({ graceMs: 1000 }),
  };
}

function streamOf({ process: { stdout } }: SupervisedChild): NodeJS.ReadableStream {
  if (stdout === null) throw new Error('stdout is a pipe');
  return stdout;
}

const TICKS_PER_SECOND = 100;

/** CPU seconds of a PostgreSQL: the server and all its sessions, also those that have ended. */
export function cpuOfPostgres(pid: number): number {
  const own = statOf(pid);
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? [])
    .filter(({ parent }) => parent === pid);
  return (own?.cpu ?? 0) + (own?.cpuOfEnded ?? 0) + children.reduce((sum, { cpu }) => sum + cpu, 0);
}

export const cpuOf = (pid: number): number => usageOf(pid).cpuSeconds;

function statOf(pid: number): { parent: number; cpu: number; cpuOfEnded: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; the fields after it are numbered from 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const seconds = (...numbers: number[]) =>
      numbers.reduce((sum, n) => sum + Number(fields[n - 3]), 0) / TICKS_PER_SECOND;
    return { parent: Number(fields[4 - 3]), cpu: seconds(14, 15), cpuOfEnded: seconds(16, 17) };
  } catch {
    return undefined; // it has ended meanwhile
  }
}
