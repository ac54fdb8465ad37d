import { Command, Option } from 'commander';
import { OUTPUT_FORMATS, type OutputFormat, toJson, toYaml } from '../output/structured.ts';
import { printable, type Terminal } from '../output/terminal.ts';

type Options = { env: string; repository: string; output: OutputFormat };

/** `cofferdam history`: who changed what an environment runs, and when. */
export function historyCommand(terminal: Terminal): Command {
  return new Command('history')
    .description('Show who promoted or rolled back what to an environment, and when.')
    .requiredOption('--env <environment>', 'such as prod')
    .option('--repository <directory>', 'the clone', '.')
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', HELP)
    .action(async ({ env: environment, repository: directory, output }: Options) => {
      const [{ gitRepository, history, readConfig }, { refusing }, { historyScreen }] = await Promise.all([
        import('@cofferdam/promotion'),
        import('../promotion/connect.ts'),
        import('../promotion/screen.ts'),
      ]);
      const found = await refusing(async () => {
        const repository = gitRepository(directory);
        const { steps } = await readConfig(repository, await repository.head());
        const source = steps.find(({ to }) => to === environment)?.from;
        return history(repository, { environment, source });
      });
      const text = () => historyScreen(found);
      terminal.stdout.write(
        output === 'json' ? toJson(found) : output === 'yaml' ? toYaml(found) : printable(text()),
      );
    });
}

const HELP = `
From Git alone, by content: a release that the environment had before is a rollback, one that its source had is a
promotion, and any other was put there directly.

Examples:
  cofferdam history --env prod
  cofferdam history --env prod -o json
`;
