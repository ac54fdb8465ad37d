import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ClusterError } from '../errors.ts';
import { namesProcess, type ProcessName, processIdentity, stillRuns } from '../process/process-identity.ts';

type Holder = ProcessName & { kubeconfig: string; startedAt: string };

/**
 * Takes the lock of a state directory for this process. A lock whose process has gone is no obstacle, nor is one whose
 * process id has been given to another program since.
 *
 * @returns how to give it back
 * @throws ClusterError `cluster_running`, or what the file system says of the directory
 */
export function acquireLock(file: string, kubeconfig: string): () => void {
  mkdirSync(dirname(file), { recursive: true });
  const identity = processIdentity(process.pid) ?? '';
  const ours: Holder = { pid: process.pid, identity, kubeconfig, startedAt: new Date().toISOString() };
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(ours), { mode: 0o600 });
  try {
    for (;;) {
      try {
        // A link appears with its content, where a file that is created is empty for a moment.
        linkSync(draft, file);
        return () => rmSync(file, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      removeStale(file);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

function removeStale(file: string): void {
  const text = readText(file);
  if (text === undefined) return;
  const holder = parse(text);
  if (holder !== undefined && stillRuns(holder)) {
    throw new ClusterError(
      'cluster_running',
      `a cluster is already up: process ${holder.pid}, since ${holder.startedAt}, ` +
        `KUBECONFIG=${holder.kubeconfig}; end that process first (Ctrl-C where it runs, or kill ${holder.pid})`,
    );
  }
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // somebody else was quicker
  }
  // Between the look and the rename another start may have taken the lock: then it was not ours to move.
  if (readText(aside) !== text) linkSync(aside, file);
  rmSync(aside, { force: true });
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(text);
    return namesProcess(holder) ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}
