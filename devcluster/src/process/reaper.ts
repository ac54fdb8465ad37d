/**
 * The reaper: a process beside the supervisor that outlives it just long enough to end its children.
 *
 * The supervisor holds the other end of our standard input and names there, a JSON line each, what it started.
 * When it dies in whatever way, kill -9 included, the kernel closes the pipe, and we end everything named.
 * We sit in a process group of our own, so that Ctrl-C in a terminal reaches the supervisor and not us.
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity, signalQuietly } from './process-identity.ts';
import type { ReaperMessage } from './reaper-messages.ts';

interface Child {
  pid: number;
  identity: string | undefined;
  signal: NodeJS.Signals;
  graceMs: number;
}
const children = new Map<number, Child>();
const directories = new Set<string>();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as ReaperMessage;
  if (message.do === 'watch') {
    const { pid, signal, graceMs } = message;
    children.set(pid, { pid, signal, graceMs, identity: processIdentity(pid) });
  }
  if (message.do === 'forget') children.delete(message.pid);
  if (message.do === 'remove-directory') directories.add(message.path);
}

await Promise.all([...children.values()].map(end));
for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });

async function end({ pid, identity, signal, graceMs }: Child): Promise<void> {
  const runs = (): boolean => identity !== undefined && processIdentity(pid) === identity;
  if (runs()) signalQuietly(pid, signal);
  const deadline = performance.now() + graceMs;
  while (runs() && performance.now() < deadline) await sleep(20);
  // What it left of its group. While there is any, no other process gets the id; afterwards one may have it.
  if (runs() || processIdentity(pid) === undefined) signalQuietly(-pid, 'SIGKILL');
}
