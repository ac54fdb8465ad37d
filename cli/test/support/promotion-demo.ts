import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { PromotionDemoResult } from '../../src/demo/promotion/report.ts';
import { descendants, type RunningProcess } from './processes.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A demo of a promotion that has told its story and stays up: `cofferdam demo promotion --json`. */
export interface PromotionDemo {
  result: PromotionDemoResult;
  processes(): RunningProcess[];
  /** As Ctrl-C does. @returns its exit status */
  interrupt(): Promise<number | null>;
}

export async function startPromotionDemo(): Promise<PromotionDemo> {
  const child = spawn(process.execPath, [main, 'demo', 'promotion', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors = text(child.stderr);
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const failed = ended.then(async ([status]) => {
    throw new Error(`the demo ended with status ${status}:\n${await errors}`);
  });
  failed.catch(() => {});
  const result = await Promise.race([resultOf(child), failed]);
  return {
    result,
    processes: () => descendants(child.pid ?? 0),
    async interrupt() {
      child.kill('SIGINT');
      return (await ended)[0];
    },
  };
}

/** It is JSON alone on stdout, so whatever has come parses once all of it has come. */
async function resultOf({ stdout }: ChildProcess): Promise<PromotionDemoResult> {
  let seen = '';
  for await (const chunk of stdout ?? []) {
    seen += String(chunk);
    if (seen.endsWith('\n}\n')) return JSON.parse(seen);
  }
  throw new Error(`no result on stdout: ${seen}`);
}
