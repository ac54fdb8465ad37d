import { Command, Option } from 'commander';
import { OUTPUT_FORMATS, type OutputFormat, toJson, toYaml } from '../output/structured.ts';
import { printable, type Terminal } from '../output/terminal.ts';

interface Options {
  env: string;
  to?: string;
  dryRun: boolean;
  skipSchemaCheck: boolean;
  repository: string;
  output: OutputFormat;
}

/** `cofferdam rollback`: a pull request by which an environment runs an older release again. */
export function rollbackCommand(terminal: Terminal): Command {
  return new Command('rollback')
    .description('Open the pull request by which an environment runs an older release again.')
    .requiredOption('--env <environment>', 'such as prod')
    .option('--to <revision>', 'the commit that brought the wanted release; default: the release before')
    .option('--skip-schema-check', 'somebody has looked at the databases', false)
    .option('--dry-run', 'write nothing, and say what would be done', false)
    .option('--repository <directory>', 'the clone', '.')
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const [{ rollback }, { connect, refusing }, { rollbackScreen }] = await Promise.all([
        import('@cofferdam/promotion'),
        import('../promotion/connect.ts'),
        import('../promotion/screen.ts'),
      ]);
      const { env: environment, to, dryRun, skipSchemaCheck, output, repository } = options;
      const result = await refusing(async () => {
        const { ports, config } = await connect(terminal, repository);
        const target = to === undefined ? {} : { to };
        return rollback(ports, config, { environment, dryRun, skipSchemaCheck, ...target });
      });
      const text = () => rollbackScreen(result, dryRun);
      terminal.stdout.write(
        output === 'json' ? toJson(result) : output === 'yaml' ? toYaml(result) : printable(text()),
      );
    });
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
