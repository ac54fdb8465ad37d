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
import { isRunning, signalQuietly } from './process-identity.ts';
import type { ReaperMessage } from './reaper-messages.ts';

const children = new Map<number, { signal: NodeJS.Signals; graceMs: number }>();
const directories = new Set<string>();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as ReaperMessage;
  if (message.do === 'watch') children.set(message.pid, { signal: message.signal, graceMs: message.graceMs });
  if (message.do === 'forget') children.delete(message.pid);
  if (message.do === 'remove-directory') directories.add(message.path);
}

await Promise.all([...children].map(([pid, how]) => end(pid, how.signal, how.graceMs)));
for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });

async function end(pid: number, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  signalQuietly(pid, signal);
  const deadline = performance.now() + graceMs;
  while (isRunning(pid) && performance.now() < deadline) await sleep(20);
  signalQuietly(pid, 'SIGKILL');
  signalQuietly(-pid, 'SIGKILL');
}
