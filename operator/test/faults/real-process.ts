import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SupervisedChild, Supervisor } from '@cofferdam/devcluster/process';

/** The operator as a process of its own: the same module as `npm run operator`, settings by environment. */
export type RealProcess = {
  /** SIGKILL: it can do nothing about it. */
  kill(): void;
  /** How it ended. */
  exited: SupervisedChild['exited'];
  /** Of its `/metrics`. @throws while it is not up */
  counts(): Promise<{ writes: number; reconciles: number }>;
  /** What it said last. */
  lastWords(): string;
  stop(): Promise<void>;
};

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export async function startRealProcess(
  supervisor: Supervisor,
  env: Record<string, string>,
): Promise<RealProcess> {
  const child = await supervisor.start(process.execPath, [MAIN], {
    env: {
      ...{ HOST: '127.0.0.1', PORT: '0', CERTIFICATE_PORT: '0' },
      // Each process of a suite compiles the same code.
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  let port: number | undefined;
  for (const stream of [child.process.stdout, child.process.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line.slice(0, 300));
      if (said.length > 12) said.shift();
      port ??= /"port":(\d+).*"msg":"started"/.test(line)
        ? Number(/"port":(\d+)/.exec(line)?.[1])
        : undefined;
    });
  }
  return {
    kill: () => void child.process.kill('SIGKILL'),
    exited: child.exited,
    async counts() {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      const text = await response.text();
      return {
        writes: total(
          text,
          /^rest_client_requests_total\{(?!.*(?:verb="(?:get|list|watch)"|resource="(?:leases|events)")).*\} (\d+)$/gm,
        ),
        reconciles: total(text, /^controller_runtime_reconcile_total\{.*\} (\d+)$/gm),
      };
    },
    lastWords: () => said.join('\n'),
    stop: async () => void (await child.stop()),
  };
}

function total(text: string, line: RegExp): number {
  return [...text.matchAll(line)].reduce((sum, [, value]) => sum + Number(value), 0);
}
