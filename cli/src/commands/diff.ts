import { Command } from 'commander';
import { type ClusterOptions, withCluster, withClusterOptions } from '../cluster/connect.ts';
import { printable, type Terminal } from '../output/terminal.ts';
import { DEFAULT_IMAGES } from '../render/facts.ts';

type Options = ClusterOptions & {
  filename: string[];
  fieldManager?: string;
  operatorNamespace: string;
  own: boolean;
};

/** `cofferdam diff`: what applying the files would change, without changing it. */
export function diffCommand(terminal: Terminal): Command {
  const command = new Command('diff')
    .description(
      'Show what applying manifests would change: the resources, and what the operator makes of them.',
    )
    .requiredOption('-f, --filename <path...>', 'file, directory or - for stdin')
    .option('--own', 'only the resources, not what the operator applies for them', false)
    .option('--field-manager <name>', 'apply as this one; default: whoever applied the resource last')
    .option('--operator-namespace <name>', 'where the operator runs', 'cofferdam-system')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const [{ loadResources }, { changesOf }, { unifiedDiff }] = await Promise.all([
        import('../manifests/load.ts'),
        import('../diff/changes.ts'),
        import('../diff/compare.ts'),
      ]);
      const { filename: paths, fieldManager, operatorNamespace, own } = options;
      const changes = await withCluster(terminal, options, async ({ client, namespace }) => {
        const resources = await loadResources({ paths, namespace, readStdin: terminal.readStdin });
        return changesOf(client, resources, { fieldManager, operatorNamespace, own, images: DEFAULT_IMAGES });
      });
      const text = changes.map(unifiedDiff).join('');
      terminal.stdout.write(printable(text));
      terminal.setExitStatus(text === '' ? 0 : 1);
    });
  return withClusterOptions(command);
}

const HELP = `
Every object is sent as a server-side apply with dryRun=All: nothing is written. What the operator would apply is
what it applies once every migration is complete; it needs the rights that the operator has in this namespace, and
with --own only those on the resources.

Exit status: 0 no difference, 1 differences, 2 an error, 3 the cluster cannot be reached.

Examples:
  cofferdam diff -f environments/dev/rendered
  cofferdam diff -f vault.yaml -n payments-dev --own
`;
