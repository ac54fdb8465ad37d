import { readFileSync } from 'node:fs';

/** The kernel's view of a process; Linux only, as is everything here. */
export type Usage = { rssMiB: number; rssPeakMiB: number; cpuSeconds: number };

/** USER_HZ: 100 on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/** @param pid of a process that is running */
export function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; the fields after it are numbered from 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[14 - 3]) + Number(fields[15 - 3]);
  return {
    rssMiB: kib('VmRSS') / 1024,
    rssPeakMiB: kib('VmHWM') / 1024,
    cpuSeconds: ticks / TICKS_PER_SECOND,
  };
}
