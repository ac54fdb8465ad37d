import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { DemoOptions } from '../demo/run.ts';

/** Of this clone, wherever the command is given. */
const stateDirectory = fileURLToPath(new URL('../../../.cofferdam', import.meta.url));

/** `cofferdam demo`: raises everything, shows a card tokenized and charged, stays up until Ctrl-C. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('Raise an embedded cluster, apply environments/dev, tokenize cards and charge them.')
    .option('--exit', 'end after the payments, with status 0', false)
    .option('--json', 'print the result as JSON alone on stdout (progress goes to stderr)', false)
    .option('--state-directory <path>', 'where the cluster keeps its state', stateDirectory)
    .option('--no-kafka', 'start no broker, even where Java and Maven are at hand')
    .action(async (options: Omit<DemoOptions, 'kafka'> & { kafka: boolean }) => {
      // A cluster is a lot of code, and no other command wants to wait for it.
      const { runDemo } = await import('../demo/run.ts');
      await runDemo({
        exit: options.exit,
        json: options.json,
        kafka: options.kafka ? 'auto' : 'off',
        stateDirectory: resolve(options.stateDirectory),
      });
    });
}
