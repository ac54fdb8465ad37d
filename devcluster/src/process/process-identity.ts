import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Something that two processes with the same id, one after the other, differ in: when it was started.
 * Absent when no such process runs. A process id alone must never be killed from a file: ids are used again.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const fields = linuxStat(pid);
    // The start time counts from the boot, so the boot belongs to it.
    return fields === undefined || fields.state === 'Z' ? undefined : `${bootId()} ${fields.startTime}`;
  }
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim() ||
      undefined
    );
  } catch {
    return undefined;
  }
}

/** Whether a process, zombies not counted, still runs. */
export function isRunning(pid: number): boolean {
  return processIdentity(pid) !== undefined;
}

/** One process, by more than its id. */
export interface ProcessName {
  pid: number;
  /** See {@link processIdentity}. */
  identity: string;
}

/** Whether a value read from a file names a process. 0 and below are ids of groups, and of everything there is. */
export function namesProcess(value: unknown): value is ProcessName {
  const { pid, identity } = (value ?? {}) as Partial<ProcessName>;
  return Number.isInteger(pid) && Number(pid) > 1 && typeof identity === 'string' && identity !== '';
}

/** Whether this very process, and not another one with its id, still runs. */
export function stillRuns({ pid, identity }: ProcessName): boolean {
  return processIdentity(pid) === identity;
}

/** Sends a signal to a process (or, negative, a group); a process that is gone is no error. */
export function signalQuietly(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

let boot: string | undefined;
function bootId(): string {
  try {
    boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    boot = 'boot'; // a sandbox may hide it
  }
  return boot;
}

function linuxStat(pid: number): { state: string; startTime: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name stands in brackets and may hold anything, so count from the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTime: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}
