import { readFile, writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { CliError } from '../errors.ts';
import type { Terminal } from '../output/terminal.ts';
import { type ProposalOptions, print, promotionModules, withProposalOptions } from '../promotion/command.ts';

interface Options extends ProposalOptions {
  readonly images: string;
  readonly to?: string;
  readonly file?: string;
  readonly release: string;
}

/** `cofferdam pin`: what was just released comes to the first environment, or into a release.yaml. */
export function pinCommand(terminal: Terminal): Command {
  const command = new Command('pin')
    .description('Bring what was released to the first environment by pull request, or into a release.yaml.')
    .requiredOption('--images <directory>', 'a file for each component, with its image by digest')
    .option('--to <environment>', 'open or update the pull request of this environment; absent: of the first')
    .addOption(new Option('--file <path>', 'write this release.yaml, and nothing else').conflicts('to'))
    .option('--release <name>', 'for the title of the pull request, such as v1.2.3', 'release')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { readImages } = await import('../release/images.ts');
      const images = await readImages(options.images);
      if (options.file !== undefined) return pinFile(terminal, options.file, images);
      return pinEnvironment(terminal, images, options);
    });
  return withProposalOptions(command);
}

async function pinEnvironment(
  terminal: Terminal,
  images: Readonly<Record<string, string>>,
  { to, release, dryRun, repository, output }: Options,
): Promise<void> {
  const [{ connect, pin, pinScreen, refusing }, { firstEnvironment }] = await Promise.all([
    promotionModules(),
    import('../release/first-environment.ts'),
  ]);
  const result = await refusing(async () => {
    const { ports, config } = await connect(terminal, repository);
    const environment = to ?? firstEnvironment(config);
    return pin(ports, config, { environment, images, release, dryRun });
  });
  print(terminal, output, result, () => pinScreen(result, dryRun));
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
  cofferdam pin --images pins --release v1.2.3
  cofferdam pin --file install/release.yaml --images pins
`;
