import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { killSurvivors, recordProcess } from './journal.ts';
import { isRunning, signalQuietly } from './process-identity.ts';
import type { ReaperMessage } from './reaper-messages.ts';

/** How a process ended: one of the two is null, as `node:child_process` has it. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process that cannot outlive the supervisor that started it. */
export interface SupervisedChild {
  readonly pid: number;
  /** The process itself: its streams, as `stdio` asked for them. */
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  /**
   * Sends `signal` (default: that of the start) to the process, then, after it has gone or `graceMs` have
   * passed, SIGKILL to its whole group.
   */
  stop(options?: { signal?: NodeJS.Signals; graceMs?: number }): Promise<Exit>;
}

export interface StartOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'stdio' | 'uid' | 'gid'> {
  /** The polite signal. Default SIGTERM. */
  stopSignal?: NodeJS.Signals;
  /** How long after the polite signal the group is killed, milliseconds. Default 10000. */
  graceMs?: number;
}

export interface Supervisor {
  /**
   * Starts a program as leader of a process group of its own. It dies with us, kill -9 included.
   *
   * @throws when the program cannot be started, or after `close()`
   */
  start(program: string, args: readonly string[], options?: StartOptions): Promise<SupervisedChild>;
  /** Removes a directory when we are gone, or at `close()`. */
  removeDirectoryAtEnd(path: string): void;
  /** Stops every child that is left, together, and the reaper. */
  close(): Promise<void>;
}

const reaperFile = fileURLToPath(new URL('./reaper.ts', import.meta.url));

/**
 * Starts a reaper (see reaper.ts) and gives the means to start programs that end with this process.
 *
 * @param options.journal a file that names what runs: survivors of an earlier run that it names (everything,
 * reaper included, was killed at once) are killed first. So make sure before that no such run is still going on
 */
export async function createSupervisor(options: { journal?: string } = {}): Promise<Supervisor> {
  const { journal } = options;
  if (journal !== undefined) await killSurvivors(journal);
  const reaper = spawn(process.execPath, [reaperFile], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
    env: {},
  });
  reaper.on('error', () => {}); // then nothing watches; each child is still stopped by close()
  reaper.stdin.on('error', () => {});
  reaper.unref(); // it must not keep us alive: our end is what it waits for
  const tell = (message: ReaperMessage) => reaper.stdin.write(`${JSON.stringify(message)}\n`);
  const children = new Set<SupervisedChild>();
  let closed = false;

  return {
    async start(program, args, startOptions = {}) {
      // Nothing would end it: whoever was still preparing this start has not heard yet.
      if (closed) throw new Error(`${program} is not started: everything is being ended`);
      const { stopSignal = 'SIGTERM', graceMs = 10_000, ...spawnOptions } = startOptions;
      const child = spawn(program, args, { ...spawnOptions, detached: true });
      const exited = new Promise<Exit>((resolve) => {
        child.once('exit', (code, signal) => resolve({ code, signal }));
      });
      const pid = child.pid;
      if (pid === undefined) throw await new Promise<Error>((resolve) => child.once('error', resolve));
      child.on('error', () => {}); // a signal that could not be sent: the process is gone
      tell({ do: 'watch', pid, signal: stopSignal, graceMs });
      if (journal !== undefined) recordProcess(journal, pid, program);

      const supervised: SupervisedChild = {
        pid,
        process: child,
        exited,
        async stop(how = {}) {
          if (child.exitCode === null && child.signalCode === null)
            await endLeader(child, exited, how.signal ?? stopSignal, how.graceMs ?? graceMs);
          return exited;
        },
      };
      children.add(supervised);
      void exited.then(() => {
        // What it left of its group. At once, and never later: the id may be another's by then.
        signalQuietly(-pid, 'SIGKILL');
        children.delete(supervised);
        tell({ do: 'forget', pid });
      });
      return supervised;
    },
    removeDirectoryAtEnd(path) {
      tell({ do: 'remove-directory', path });
    },
    async close() {
      closed = true;
      await Promise.all([...children].map((child) => child.stop()));
      const gone = new Promise((resolve) => reaper.once('exit', resolve));
      reaper.ref();
      reaper.stdin.end();
      if (reaper.exitCode === null && reaper.pid !== undefined && isRunning(reaper.pid)) await gone;
      if (journal !== undefined) await killSurvivors(journal);
    },
  };
}

async function endLeader(
  child: ChildProcess,
  exited: Promise<Exit>,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> {
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}
