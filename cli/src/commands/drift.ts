import { Command } from 'commander';
import { CliError } from '../errors.ts';
import type { Terminal } from '../output/terminal.ts';
import { type CloneOptions, print, promotionModules, withCloneOptions } from '../promotion/command.ts';

type Options = CloneOptions & { env?: string[]; offline: boolean; kubeconfig?: string; context?: string };

/** `cofferdam drift`: whether inputs, rendered files and clusters say the same. */
export function driftCommand(terminal: Terminal): Command {
  const command = new Command('drift')
    .description('Compare inputs with rendered files, and these with what runs.')
    .option('--env <environment...>', 'only these; default: all')
    .option('--offline', 'ask neither Argo CD nor GitHub', false)
    .option('--kubeconfig <file>', 'ask the cluster of the one --env, too')
    .option('--context <name>', 'context of the kubeconfig; default: its current one')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { env, offline, repository: directory } = options;
      const modules = await promotionModules();
      const { drift, driftScreen, environmentNames, gitRepository, readConfig, refusing } = modules;
      const { renderEnvironment: render } = await import('@cofferdam/cdk8s');
      const cluster = await clusterOf(terminal, options);
      const found = await refusing(async () => {
        const repository = gitRepository(directory);
        const names = env ?? (await environmentNames(repository));
        if (offline) return drift({ repository, render, cluster }, names);
        const config = await readConfig(repository, await repository.head());
        const health = modules.healthOf(terminal, config, await modules.hostOf(terminal, config));
        return drift({ repository, render, health, cluster }, names);
      });
      print(terminal, options.output, found, () => driftScreen(found));
      terminal.setExitStatus(found.every(({ drifts }) => drifts.length === 0) ? 0 : 2);
    });
  return withCloneOptions(command);
}

/** A kubeconfig leads to one cluster, and nothing says of which environment: whoever names it does. */
async function clusterOf(terminal: Terminal, { env, kubeconfig, context }: Options) {
  if (kubeconfig === undefined && context === undefined) return undefined;
  if (env?.length !== 1)
    throw new CliError('usage_invalid', '--kubeconfig and --context lead to one cluster: give its one --env');
  const { clusterObjects } = await import('../promotion/live-objects.ts');
  return clusterObjects(terminal, {
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
  });
}

const HELP = `
What runs is what Argo CD says of it: its API names the objects that differ, its commit statuses only whether it is
synced. With --kubeconfig or --context, the cluster itself says so of each PaymentVault and PSPConnector, by server-side
dry run; column SAYS tells who said what. \`cofferdam diff -f environments/<env>/rendered --own\` shows the members.

Exit status: 0 no drift, 2 drift, 3 Argo CD, GitHub or the cluster cannot be reached; docs/promotion.md has the others.

Examples:
  cofferdam drift
  cofferdam drift --env prod -o json
  cofferdam drift --env prod --context prod --offline
`;
