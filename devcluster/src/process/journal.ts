import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  namesProcess,
  type ProcessName,
  processIdentity,
  signalQuietly,
  stillRuns,
} from './process-identity.ts';

/** One process in the journal. */
interface Entry extends ProcessName {
  program: string;
}

/** Appends a process to the journal: what the next start cleans up if everything here is killed at once. */
export function recordProcess(journal: string, pid: number, program: string): void {
  const identity = processIdentity(pid);
  if (identity === undefined) return;
  mkdirSync(dirname(journal), { recursive: true });
  appendFileSync(journal, `${JSON.stringify({ pid, identity, program } satisfies Entry)}\n`);
}

/**
 * Kills what a journal names and still runs, with its process group, and removes the journal.
 *
 * @returns the programs killed
 */
export async function killSurvivors(journal: string): Promise<string[]> {
  const survivors = readJournal(journal).filter(stillRuns);
  for (const { pid } of survivors) {
    signalQuietly(pid, 'SIGKILL');
    signalQuietly(-pid, 'SIGKILL');
  }
  const deadline = performance.now() + 5000;
  while (survivors.some(stillRuns) && performance.now() < deadline) await sleep(10);
  rmSync(journal, { force: true });
  return survivors.map((entry) => entry.program);
}

function readJournal(journal: string): Entry[] {
  let text: string;
  try {
    text = readFileSync(journal, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      const entry: unknown = JSON.parse(line);
      return namesProcess(entry) ? [entry as Entry] : [];
    } catch {
      return []; // the empty last line, or one cut short by a crash
    }
  });
}
