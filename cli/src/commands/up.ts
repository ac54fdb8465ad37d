import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { UpOptions } from '../up/run.ts';

/** Of this clone, wherever the command is given. */
const stateDirectory = fileURLToPath(new URL('../../../.cofferdam', import.meta.url));

/** `cofferdam up`: one environment from its rendered files in the embedded cluster. */
export function upCommand(): Command {
  return new Command('up')
    .description('Raise an environment from its rendered files in an embedded cluster, until Ctrl-C.')
    .requiredOption('--env <name>', 'directory below environments/: dev, staging, prod, ...')
    .option('--exit', 'end once it is up, with status 0', false)
    .option('--state-directory <path>', 'where the cluster keeps its state', stateDirectory)
    .addHelpText('after', HELP)
    .action(async (options: UpOptions) => {
      // A cluster is a lot of code, and no other command wants to wait for it.
      const { runUp } = await import('../up/run.ts');
      await runUp({ ...options, stateDirectory: resolve(options.stateDirectory) });
    });
}

const HELP = `
The files are applied as they are in Git. The cluster brings what they name: databases, a KMS endpoint that knows their
roles, and demo values for their Secrets. Kinds that it does not have are passed over, with a line each; what lies
elsewhere (a broker in a VPC, the PSPs' own addresses) is not to be had, and the resources say so in their conditions.

Exit status: 0 ended by Ctrl-C after it was up, 4 there is no such environment, 1 any other error, 130 ended before.

Examples:
  cofferdam up --env staging
`;
