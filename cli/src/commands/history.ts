import { Command, Option } from 'commander';
import { OUTPUT_FORMATS, type OutputFormat, toJson, toYaml } from '../output/structured.ts';
import { printable, type Terminal } from '../output/terminal.ts';

type Options = { env: string; github: boolean; repository: string; output: OutputFormat };

/** `cofferdam history`: who changed what an environment runs, and when. */
export function historyCommand(terminal: Terminal): Command {
  return new Command('history')
    .description('Show who promoted or rolled back what to an environment, and when.')
    .requiredOption('--env <environment>', 'such as prod')
    .option('--github', 'ask GitHub who merged each pull request', false)
    .option('--repository <directory>', 'the clone', '.')
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', HELP)
    .action(async ({ env: environment, github, repository: directory, output }: Options) => {
      const [{ gitRepository, history, readConfig }, { hostOf, refusing }, { historyScreen }] =
        await Promise.all([
          import('@cofferdam/promotion'),
          import('../promotion/connect.ts'),
          import('../promotion/screen.ts'),
        ]);
      const found = await refusing(async () => {
        const repository = gitRepository(directory);
        const config = await readConfig(repository, await repository.head());
        const source = config.steps.find(({ to }) => to === environment)?.from;
        const pulls = github ? await hostOf(terminal, config) : undefined;
        return history(repository, { environment, source, pulls });
      });
      const text = () => historyScreen(found);
      terminal.stdout.write(
        output === 'json' ? toJson(found) : output === 'yaml' ? toYaml(found) : printable(text()),
      );
    });
}

const HELP = `
From Git, by content: a release that the environment had before is a rollback, one that its source had is a
promotion, and any other was put there directly. Of a squash Git does not know who merged it: --github asks.

Examples:
  cofferdam history --env prod
  cofferdam history --env prod -o json
`;
