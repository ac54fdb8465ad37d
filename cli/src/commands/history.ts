import { Command } from 'commander';
import type { Terminal } from '../output/terminal.ts';
import { type CloneOptions, print, promotionModules, withCloneOptions } from '../promotion/command.ts';

type Options = CloneOptions & { env: string; github: boolean };

/** `cofferdam history`: who changed what an environment runs, and when. */
export function historyCommand(terminal: Terminal): Command {
  const command = new Command('history')
    .description('Show who promoted or rolled back what to an environment, and when.')
    .requiredOption('--env <environment>', 'such as prod')
    .option('--github', 'ask GitHub who merged each pull request', false)
    .addHelpText('after', HELP)
    .action(async ({ env: environment, github, repository: directory, output }: Options) => {
      const { gitRepository, history, historyScreen, hostOf, readConfig, refusing } =
        await promotionModules();
      const found = await refusing(async () => {
        const repository = gitRepository(directory);
        const config = await readConfig(repository, await repository.head());
        const source = config.steps.find(({ to }) => to === environment)?.from;
        const pulls = github ? await hostOf(terminal, config) : undefined;
        return history(repository, { environment, source, pulls });
      });
      print(terminal, output, found, () => historyScreen(found));
    });
  return withCloneOptions(command);
}

const HELP = `
From Git, by content: a release that the environment had before is a rollback, one that its source had is a
promotion, and any other was put there directly. Of a squash Git does not know who merged it: --github asks.

Examples:
  cofferdam history --env prod
  cofferdam history --env prod -o json
`;
