import { Command } from 'commander';
import type { Terminal } from '../output/terminal.ts';
import { type ProposalOptions, print, promotionModules, withProposalOptions } from '../promotion/command.ts';

interface Options extends ProposalOptions {
  env: string;
  to?: string;
  skipSchemaCheck: boolean;
}

/** `cofferdam rollback`: a pull request by which an environment runs an older release again. */
export function rollbackCommand(terminal: Terminal): Command {
  const command = new Command('rollback')
    .description('Open the pull request by which an environment runs an older release again.')
    .requiredOption('--env <environment>', 'such as prod')
    .option('--to <revision>', 'the commit that brought the wanted release; default: the release before')
    .option('--skip-schema-check', 'somebody has looked at the databases', false)
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { connect, refusing, rollback, rollbackScreen } = await promotionModules();
      const { env: environment, to, dryRun, skipSchemaCheck, output, repository } = options;
      const result = await refusing(async () => {
        const { ports, config } = await connect(terminal, repository);
        const target = to === undefined ? {} : { to };
        return rollback(ports, config, { environment, dryRun, skipSchemaCheck, ...target });
      });
      print(terminal, output, result, () => rollbackScreen(result, dryRun));
    });
  return withProposalOptions(command);
}

const HELP = `
It waits for no gate. It asks one thing: whether the older code may use what newer migrations made of the databases,
from the commits that the images' attested provenance names. \`cofferdam history\` has the revisions for --to.

Exit status: 0 proposed, or nothing to do; 30 the schema is too new for the older code, 31 that is not known; 32 there is
nothing to go back to; docs/promotion.md has them all.

Examples:
  cofferdam rollback --env prod
  cofferdam rollback --env prod --to 4c1b8c5a02 --dry-run
`;
