import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { DemoOptions } from '../demo/run.ts';

/** Of this clone, wherever the command is given. */
const stateDirectory = fileURLToPath(new URL('../../../.cofferdam', import.meta.url));

/** `cofferdam demo`: raises everything, shows a card tokenized and charged, stays up until Ctrl-C. */
export function demoCommand(): Command {
  return (
    new Command('demo')
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
      })
      // So that `demo promotion --exit` is the promotion's own.
      .enablePositionalOptions()
      .addCommand(promotionCommand())
  );
}

/** `cofferdam demo promotion`: a release goes through three environments, another is held and rolled back. */
function promotionCommand(): Command {
  return new Command('promotion')
    .description('Promote a release through three environments; hold one that is broken; roll it back.')
    .option('--exit', 'end after the story, with status 0', false)
    .option('--json', 'print the result as JSON alone on stdout (progress goes to stderr)', false)
    .addHelpText('after', PROMOTION_HELP)
    .action(async (options: { exit: boolean; json: boolean }) => {
      const { runPromotionDemo } = await import('../demo/promotion/run.ts');
      await runPromotionDemo(options);
    });
}

const PROMOTION_HELP = `
The promotion engine, the charts, the operator and the services are the real ones. A Git repository in a temporary
directory stands in for GitHub, a small syncer for Argo CD, refs of that repository for signatures; nobody measures
SLOs, so that gate is left out. The demo merges pull requests in a person's place, and says so.

Exit status: 0 the story was told to its end, 1 it took another turn or something failed, 130 ended before.
`;
