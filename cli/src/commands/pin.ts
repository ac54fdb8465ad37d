import { readFile, writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { CliError } from '../errors.ts';
import { OUTPUT_FORMATS, type OutputFormat, toJson, toYaml } from '../output/structured.ts';
import { printable, type Terminal } from '../output/terminal.ts';

interface Options {
  readonly images: string;
  readonly to?: string;
  readonly file?: string;
  readonly release: string;
  readonly dryRun: boolean;
  readonly repository: string;
  readonly output: OutputFormat;
}

/** `cofferdam pin`: what was just released comes to the first environment, or into a release.yaml. */
export function pinCommand(terminal: Terminal): Command {
  return new Command('pin')
    .description('Bring what was released to the first environment by pull request, or into a release.yaml.')
    .requiredOption('--images <directory>', 'a file for each component, with its image by digest')
    .option('--to <environment>', 'open or update the pull request of this environment, such as dev')
    .addOption(new Option('--file <path>', 'write this release.yaml, and nothing else').conflicts('to'))
    .option('--release <name>', 'for the title of the pull request, such as v1.2.3', 'release')
    .option('--dry-run', 'write nothing, and say what would be done', false)
    .option('--repository <directory>', 'the clone', '.')
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { readImages } = await import('../release/images.ts');
      const images = await readImages(options.images);
      if (options.file !== undefined) return pinFile(terminal, options.file, images);
      if (options.to === undefined)
        throw new CliError('usage_invalid', 'give --to <environment> or --file <path>');
      return pinEnvironment(terminal, options.to, images, options);
    });
}

async function pinEnvironment(
  terminal: Terminal,
  environment: string,
  images: Readonly<Record<string, string>>,
  { release, dryRun, repository, output }: Options,
): Promise<void> {
  const [{ pin }, { connect, refusing }, { pinScreen }] = await Promise.all([
    import('@cofferdam/promotion'),
    import('../promotion/connect.ts'),
    import('../promotion/screen.ts'),
  ]);
  const result = await refusing(async () => {
    const { ports, config } = await connect(terminal, repository);
    return pin(ports, config, { environment, images, release, dryRun });
  });
  const text = () => pinScreen(result, dryRun);
  terminal.stdout.write(
    output === 'json' ? toJson(result) : output === 'yaml' ? toYaml(result) : printable(text()),
  );
}

/** The file as it was, with other pins; a component that it does not name is left out. */
async function pinFile(
  terminal: Terminal,
  path: string,
  images: Readonly<Record<string, string>>,
): Promise<void> {
  const [{ ConfigError, parseYaml, Release }, { withPins }] = await Promise.all([
    import('@cofferdam/cdk8s'),
    import('@cofferdam/promotion'),
  ]);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CliError('not_found', `${path} cannot be read: give a release.yaml`, error);
  });
  try {
    const pinned = withPins(text, images);
    parseYaml(path, pinned, Release);
    await writeFile(path, pinned);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CliError('pin_invalid', `with these images it would be wrong: ${error.message}`, error);
  }
  terminal.stdout.write(`wrote ${path}; \`npm run synth\` renders it\n`);
}

const HELP = `
The first environment is one that environments/promotion.yaml promotes nothing to; from there a release goes on by
\`cofferdam promote\`. Credentials as there.

Exit status: 0 proposed or written, or nothing to do; docs/promotion.md has the others.

Examples:
  cofferdam pin --to dev --images pins --release v1.2.3
  cofferdam pin --file install/release.yaml --images pins
`;
