import { Command, Option } from 'commander';
import { type ClusterOptions, withCluster, withClusterOptions } from '../cluster/connect.ts';
import { OUTPUT_FORMATS, type OutputFormat, toJson, toYaml } from '../output/structured.ts';
import { painter, type Terminal } from '../output/terminal.ts';
import { gatherStatus } from '../status/gather.ts';
import { statusReport } from '../status/report.ts';
import { statusScreen } from '../status/screen.ts';

type Options = ClusterOptions & { allNamespaces: boolean; output: OutputFormat };

/** `cofferdam status`: every vault and connector on one screen. */
export function statusCommand(terminal: Terminal): Command {
  const command = new Command('status')
    .description('Show every PaymentVault and PSPConnector on one screen.')
    .option('-A, --all-namespaces', 'of every namespace', false)
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { namespace, observed } = await withCluster(terminal, options, async (cluster) => ({
        namespace: cluster.namespace,
        observed: await gatherStatus(cluster, options.allNamespaces ? undefined : cluster.namespace),
      }));
      const report = statusReport(observed);
      const { paint, now } = { paint: painter(terminal), now: terminal.now() };
      const { allNamespaces, output } = options;
      if (output === 'json') terminal.stdout.write(toJson(report));
      else if (output === 'yaml') terminal.stdout.write(toYaml(report));
      else if (report.vaults.length + report.unbound.length > 0)
        terminal.stdout.write(statusScreen(report, { paint, now, allNamespaces }));
      else
        terminal.stderr.write(
          `No PaymentVault or PSPConnector in ${allNamespaces ? 'any namespace' : `namespace ${namespace}: try -A`}.\n`,
        );
      terminal.setExitStatus(report.ready ? 0 : 2);
    });
  return withClusterOptions(command);
}

const HELP = `
Exit status: 0 all Ready, 2 something is not, 3 the cluster cannot be reached, 1 any other error.

Examples:
  cofferdam status                        # namespace of the context
  cofferdam status -A                     # every namespace
  cofferdam status -n payments-dev -o json
`;
