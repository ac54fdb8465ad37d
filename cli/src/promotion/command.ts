import { type Command, Option } from 'commander';
import { OUTPUT_FORMATS, type OutputFormat, toJson, toYaml } from '../output/structured.ts';
import { printable, type Terminal } from '../output/terminal.ts';

/** Of every command about releases: each reads a clone. */
export interface CloneOptions {
  repository: string;
  output: OutputFormat;
}

/** Of those that propose something. */
export interface ProposalOptions extends CloneOptions {
  dryRun: boolean;
}

export function withCloneOptions(command: Command): Command {
  return command
    .option('--repository <directory>', 'the clone', '.')
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'));
}

export function withProposalOptions(command: Command): Command {
  return withCloneOptions(command.option('--dry-run', 'write nothing, and say what would be done', false));
}

/** Loaded when one of them runs, and not for every other command. */
export async function promotionModules() {
  const [promotion, connecting, screens] = await Promise.all([
    import('@cofferdam/promotion'),
    import('./connect.ts'),
    import('./screen.ts'),
  ]);
  return { ...promotion, ...connecting, ...screens };
}

/** The result whole, or as a screen. */
export function print(
  { stdout }: Pick<Terminal, 'stdout'>,
  output: OutputFormat,
  result: unknown,
  screen: () => string,
): void {
  const texts = { json: toJson, yaml: toYaml, table: () => printable(screen()) };
  stdout.write(texts[output](result));
}
