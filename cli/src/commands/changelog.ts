import { Command } from 'commander';
import type { Terminal } from '../output/terminal.ts';

interface Options {
  readonly to: string;
  readonly images: string;
  readonly repository: string;
}

/** `cofferdam changelog`: the notes of a release, from its commits. */
export function changelogCommand(terminal: Terminal): Command {
  return new Command('changelog')
    .description(
      'Print the notes of a release: what changed since the one before, its images, how to verify them.',
    )
    .requiredOption('--to <tag>', 'tag of the release, such as v1.2.3')
    .requiredOption('--images <directory>', 'a file for each component, with its image by digest')
    .option('--repository <owner/name>', 'at GitHub, for links', 'cofferdam/cofferdam')
    .addHelpText('after', HELP)
    .action(async ({ to, images, repository }: Options) => {
      const [{ changelog }, { readRange }, { readImages }] = await Promise.all([
        import('../release/changelog.ts'),
        import('../release/git-log.ts'),
        import('../release/images.ts'),
      ]);
      const range = await readRange('.', to);
      const notes = changelog({ ...range, version: to, repository, images: await readImages(images) });
      terminal.stdout.write(notes);
    });
}

const HELP = `
Needs the whole history (git fetch --tags --unshallow). Exit status: 0, 1 an error.

Example:
  cofferdam changelog --to v1.2.3 --images pins
`;
