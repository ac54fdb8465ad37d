import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface VaultProcess {
  pid: number;
  /** Lines of this process. */
  output: string[];
  /** `https://127.0.0.1:<port>`, once it listens. */
  url(): Promise<string>;
  /** Resolves when `/readyz` says so. */
  ready(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<number>;
  /** Exit status; 128 for a signal. */
  exited: Promise<number>;
}

/** `node services/vault/src/main.ts <command>` with exactly this environment, see below. `fetch` trusts its certificate. */
export function runProcess(
  command: string,
  env: Record<string, string>,
  {
    output: allOutput = [],
    fetch = globalThis.fetch,
  }: { output?: string[]; fetch?: typeof globalThis.fetch },
): VaultProcess {
  const child = spawn(process.execPath, [MAIN, command], {
    // The one thing besides: each process of a suite compiles the same code.
    env: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  let listening: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      output.push(line);
      allOutput.push(line);
      listening ??= /"msg":"Server listening at (https:[^"]+)"/.exec(line)?.[1];
    });
  }
  const exited = once(child, 'close').then(([status]) => (status as number | null) ?? 128);
  let over = false;
  void exited.then(() => {
    over = true;
  });
  const until = async <T>(wanted: () => Promise<T | undefined> | T | undefined): Promise<T> => {
    for (let tries = 0; tries < 2400; tries++) {
      const found = await wanted();
      if (found !== undefined) return found;
      if (over) break;
      await sleep(25);
    }
    throw new Error(`the vault did not start:\n${output.join('\n')}`);
  };
  const url = () => until(() => listening);
  return {
    pid: child.pid ?? 0,
    output,
    url,
    exited,
    ready: async () => {
      const base = await url();
      await until(async () =>
        (await fetch(`${base}/readyz`).catch(() => undefined))?.ok ? true : undefined,
      );
    },
    kill: async (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}
