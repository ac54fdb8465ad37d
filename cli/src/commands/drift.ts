import { Command, Option } from 'commander';
import { OUTPUT_FORMATS, type OutputFormat, toJson, toYaml } from '../output/structured.ts';
import { printable, type Terminal } from '../output/terminal.ts';

type Options = { env?: string[]; offline: boolean; repository: string; output: OutputFormat };

/** `cofferdam drift`: whether inputs, rendered files and clusters say the same. */
export function driftCommand(terminal: Terminal): Command {
  return new Command('drift')
    .description('Compare inputs with rendered files, and these with what runs.')
    .option('--env <environment...>', 'only these; default: all')
    .option('--offline', 'ask nobody what runs', false)
    .option('--repository <directory>', 'the clone', '.')
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', HELP)
    .action(async ({ env, offline, repository: directory, output }: Options) => {
      const [promotion, { renderEnvironment }, { healthOf, hostOf, refusing }, { driftScreen }] =
        await Promise.all([
          import('@cofferdam/promotion'),
          import('@cofferdam/cdk8s'),
          import('../promotion/connect.ts'),
          import('../promotion/screen.ts'),
        ]);
      const { drift, environmentNames, gitRepository, readConfig } = promotion;
      const found = await refusing(async () => {
        const repository = gitRepository(directory);
        const names = env ?? (await environmentNames(repository));
        if (offline) return drift({ repository, render: renderEnvironment }, names);
        const config = await readConfig(repository, await repository.head());
        const health = healthOf(terminal, config, await hostOf(terminal, config));
        return drift({ repository, render: renderEnvironment, health }, names);
      });
      const text = () => driftScreen(found);
      terminal.stdout.write(
        output === 'json' ? toJson(found) : output === 'yaml' ? toYaml(found) : printable(text()),
      );
      terminal.setExitStatus(found.every(({ drifts }) => drifts.length === 0) ? 0 : 2);
    });
}

const HELP = `
What runs is what Argo CD says of it: its API names the objects that differ, its commit statuses only whether it is
synced. For a cluster at hand, \`cofferdam diff -f environments/<env>/rendered\` shows the members.

Exit status: 0 no drift, 2 drift, 3 Argo CD or GitHub cannot be reached; docs/promotion.md has the others.

Examples:
  cofferdam drift
  cofferdam drift --env prod -o json
  cofferdam drift --offline
`;
